import { createRandom, pickBelow, type Random } from "../../tools/seeded-random.ts";
import { AMOUNT, type Card, DECK, type FaultKind, type Hand, HOLD_MS, type Shape } from "./deck.ts";

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

const LONGEST_GAP_MS = 3_000;
const LONGEST_STAGGER_MS = 1_500;
const JOIN_ODDS = 0.4;

/** Draws faults until the time is up. Nothing but the options decides: equal options give equal steps. */
export function drawPlan({ seed, shape, durationMs }: PlanOptions): Step[] {
  const random = createRandom(seed);
  const steps: Step[] = [];
  let deck: Hand[] = [];
  /** Drawn, and could not join the step before. */
  let waiting: Fault[] | undefined;
  const draw = () => {
    const drawn = waiting;
    waiting = undefined;
    if (drawn !== undefined) return drawn;
    if (deck.length === 0) deck = shuffle(random, DECK[shape]);
    return (deck.pop() as Hand).map((card) => drawFault(random, card));
  };
  const stagger = (fault: Fault) => ({ ...fault, afterMs: Math.round(random() * LONGEST_STAGGER_MS) });
  for (let atMs = 0; ; ) {
    const gapMs = Math.round(random() * LONGEST_GAP_MS);
    const [first, ...others] = draw() as [Fault, ...Fault[]];
    if (others.length === 0 && random() < JOIN_ODDS) {
      const next = draw();
      if (next.length === 1 && canJoin(first, next[0] as Fault)) others.push(...next);
      else waiting = next;
    }
    const faults = [first, ...others.map(stagger)];
    atMs += gapMs + Math.max(...faults.map(({ holdMs, afterMs = 0 }) => afterMs + holdMs));
    if (atMs > durationMs) return steps;
    steps.push({ gapMs, faults });
  }
}

function drawFault(random: Random, { kind, targets, hold = HOLD_MS[kind] }: Card): Fault {
  const within = ([least, most]: readonly [number, number]) => Math.round(least + random() * (most - least));
  const target = targets[pickBelow(random, targets.length)] as string;
  const fault = { kind, target, holdMs: within(hold) };
  const range = AMOUNT[kind];
  return range === undefined ? fault : { ...fault, amount: within(range) };
}

function shuffle<Item>(random: Random, items: readonly Item[]): Item[] {
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = pickBelow(random, last + 1);
    [shuffled[last], shuffled[other]] = [shuffled[other] as Item, shuffled[last] as Item];
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
