import { createRandom, pickBelow, type Random } from "../../services/publisher/src/random.ts";

/** What runs: one process, or the services with their log and database. */
export type Shape = "single" | "stack";

export type FaultKind =
  | "kill"
  | "freeze"
  | "stop"
  | "away"
  | "cut"
  | "slow"
  | "half-open"
  | "full"
  | "redelivery"
  | "clock jump";

export interface Fault {
  kind: FaultKind;
  /** A process, a wire (`from>to`), or `all`. */
  target: string;
  /** How long it lasts: until the process is started again, goes on, or the wire is whole. */
  holdMs: number;
  /** How long after its step begins; at once when it is missing. */
  afterMs?: number;
  /** `slow`: how long each piece takes, milliseconds. `clock jump`: where the producers' clock goes, milliseconds. */
  amount?: number;
}

/** Faults that begin together; the next step begins `gapMs` after the last of them is over. */
export interface Step {
  gapMs: number;
  faults: Fault[];
}

export interface PlanOptions {
  seed: number;
  shape: Shape;
  durationMs: number;
}

interface Card {
  kind: FaultKind;
  targets: readonly string[];
}

const GATEWAYS = ["gateway-1", "gateway-2"];
const CONSUMERS = ["consumer-1", "consumer-2"];
const STACK = [GATEWAYS, CONSUMERS, ["query"], ["nats"], ["postgres"]];

/** Every wire of a shape, `from>to`. */
export const WIRES: Record<Shape, readonly string[]> = {
  single: ["client>single"],
  stack: [
    ...GATEWAYS.flatMap((gateway) => [`client>${gateway}`, `${gateway}>nats`]),
    ...[...CONSUMERS, "query"].flatMap((service) => [`${service}>nats`, `${service}>postgres`]),
  ],
};

/** A deck holds each of these once: a run long enough for a deck has seen every kind. */
const DECK: Record<Shape, readonly Card[]> = {
  single: [
    ...repeat(3, { kind: "kill", targets: ["single"] }),
    ...repeat(2, { kind: "freeze", targets: ["single"] }),
    ...repeat(2, { kind: "stop", targets: ["single"] }),
    ...onWires("single", 1),
    { kind: "full", targets: ["all"] },
    { kind: "clock jump", targets: ["client"] },
  ],
  stack: [
    ...STACK.flatMap((targets): Card[] => [
      { kind: "kill", targets },
      { kind: "freeze", targets },
    ]),
    ...STACK.slice(0, 3).map((targets): Card => ({ kind: "stop", targets })),
    { kind: "away", targets: ["nats"] },
    { kind: "away", targets: ["postgres"] },
    ...onWires("stack", 2),
    ...repeat(2, { kind: "redelivery", targets: CONSUMERS }),
    { kind: "full", targets: ["all"] },
    { kind: "clock jump", targets: ["client"] },
  ],
};

function repeat(times: number, card: Card): Card[] {
  return Array.from({ length: times }, () => card);
}

function onWires(shape: Shape, times: number): Card[] {
  const kinds: FaultKind[] = ["cut", "slow", "half-open"];
  return kinds.flatMap((kind) => repeat(times, { kind, targets: WIRES[shape] }));
}

const LONGEST_GAP_MS = 4_000;
const LONGEST_STAGGER_MS = 1_500;
const PAIR_ODDS = 0.4;

/** Draws faults until the time is up. Nothing but the options decides: equal options give equal steps. */
export function drawPlan({ seed, shape, durationMs }: PlanOptions): Step[] {
  const random = createRandom(seed);
  const steps: Step[] = [];
  let deck: Card[] = [];
  const draw = () => {
    if (deck.length === 0) deck = shuffle(random, DECK[shape]);
    return drawFault(random, deck.pop() as Card);
  };
  for (let atMs = 0; ; ) {
    const gapMs = Math.round(random() * LONGEST_GAP_MS);
    const faults = [draw()];
    if (random() < PAIR_ODDS) {
      const second = draw();
      const afterMs = Math.round(random() * LONGEST_STAGGER_MS);
      if (canJoin(faults[0] as Fault, second)) faults.push({ ...second, afterMs });
    }
    atMs += gapMs + Math.max(...faults.map(({ holdMs, afterMs = 0 }) => afterMs + holdMs));
    if (atMs > durationMs) return steps;
    steps.push({ gapMs, faults });
  }
}

const SECOND = 1_000;
const DAY = 86_400 * SECOND;
const HOLD_MS: Record<FaultKind, readonly [least: number, most: number]> = {
  kill: [0, 3 * SECOND],
  freeze: [1 * SECOND, 5 * SECOND],
  stop: [0, 2 * SECOND],
  away: [10 * SECOND, 30 * SECOND],
  cut: [0, 500],
  slow: [2 * SECOND, 8 * SECOND],
  "half-open": [3 * SECOND, 15 * SECOND],
  full: [6 * SECOND, 12 * SECOND],
  redelivery: [1 * SECOND, 3 * SECOND],
  "clock jump": [0, 0],
};
const AMOUNT: Partial<Record<FaultKind, readonly [least: number, most: number]>> = {
  slow: [20, 400],
  "clock jump": [-20_000 * DAY, 20_000 * DAY],
};

function drawFault(random: Random, { kind, targets }: Card): Fault {
  const within = ([least, most]: readonly [number, number]) => Math.round(least + random() * (most - least));
  const target = targets[pickBelow(random, targets.length)] as string;
  const fault = { kind, target, holdMs: within(HOLD_MS[kind]) };
  const range = AMOUNT[kind];
  return range === undefined ? fault : { ...fault, amount: within(range) };
}

function shuffle(random: Random, cards: readonly Card[]): Card[] {
  const shuffled = [...cards];
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = pickBelow(random, last + 1);
    [shuffled[last], shuffled[other]] = [shuffled[other] as Card, shuffled[last] as Card];
  }
  return shuffled;
}

/** Two faults that work on the same thing would undo each other. */
function canJoin(first: Fault, second: Fault): boolean {
  if (first.target === "all" || second.target === "all") return false;
  const ends = (fault: Fault) =>
    fault.kind === "redelivery" ? [fault.target, `${fault.target}>nats`] : [fault.target];
  return !ends(first).some((end) => ends(second).includes(end));
}
