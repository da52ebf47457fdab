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
  | "disk full"
  | "redelivery"
  | "acks lost"
  | "clock jump";

export interface Card {
  kind: FaultKind;
  targets: readonly string[];
  /** Where it is not that of the kind. */
  hold?: Range;
}

export type Range = readonly [leastMs: number, mostMs: number];

const SECOND = 1_000;
/** Longer than the log waits for an acknowledgement, 20 s: somebody else is given what the frozen one had. */
const PAST_ACK_WAIT: Range = [22 * SECOND, 26 * SECOND];
/** Longer than the client waits for an answer, 8 s. */
const PAST_TIMEOUTS: Range = [9 * SECOND, 14 * SECOND];

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

/** One fault, or two that happen together. */
export type Hand = readonly Card[];

/** A deck holds each of these once: a run long enough for a deck has seen every kind, and every pair of parts. */
export const DECK: Record<Shape, readonly Hand[]> = {
  single: [
    ...repeat(6, { kind: "kill", targets: ["single"] }),
    ...repeat(3, { kind: "freeze", targets: ["single"] }),
    ...repeat(4, { kind: "stop", targets: ["single"] }),
    [{ kind: "freeze", targets: ["single"], hold: PAST_TIMEOUTS }],
    ...onWires("single", 2),
    [{ kind: "full", targets: ["all"] }],
    [{ kind: "disk full", targets: ["single"] }],
    ...repeat(2, { kind: "clock jump", targets: ["client"] }),
  ],
  stack: [
    ...STACK.flatMap((targets): Hand[] => [[{ kind: "kill", targets }], [{ kind: "freeze", targets }]]),
    ...pairsOfParts(),
    ...STACK.slice(0, 3).map((targets): Hand => [{ kind: "stop", targets }]),
    [{ kind: "freeze", targets: CONSUMERS, hold: PAST_ACK_WAIT }],
    [{ kind: "freeze", targets: ["query", "postgres", "nats", ...GATEWAYS], hold: PAST_TIMEOUTS }],
    [{ kind: "away", targets: ["nats"] }],
    [{ kind: "away", targets: ["postgres"] }],
    ...onWires("stack", 1),
    ...repeat(2, { kind: "redelivery", targets: CONSUMERS }),
    [{ kind: "acks lost", targets: ["all"] }],
    [{ kind: "full", targets: ["all"] }],
    [{ kind: "disk full", targets: ["nats"] }],
    [{ kind: "disk full", targets: ["postgres"] }],
    [{ kind: "clock jump", targets: ["client"] }],
  ],
};

function repeat(times: number, card: Card): Hand[] {
  return Array.from({ length: times }, () => [card]);
}

function onWires(shape: Shape, times: number): Hand[] {
  const kinds: FaultKind[] = ["cut", "slow", "half-open"];
  return kinds.flatMap((kind) => repeat(times, { kind, targets: WIRES[shape] }));
}

/** Any two parts, replicas of one another too: one is killed, and the other killed or frozen. */
function pairsOfParts(): Hand[] {
  const kill = (...targets: string[]): Card => ({ kind: "kill", targets });
  const replicas = [GATEWAYS, CONSUMERS].map((names): Hand => names.map((name) => kill(name)));
  const others = STACK.flatMap((targets, index) =>
    STACK.slice(index + 1).map((partners, distance): Hand => {
      const kind = distance % 2 === 0 ? "kill" : "freeze";
      return [kill(...targets), { kind, targets: partners }];
    }),
  );
  return [...replicas, ...others];
}

const DAY = 86_400 * SECOND;
/** How long each lasts. */
export const HOLD_MS: Record<FaultKind, Range> = {
  kill: [0, 3 * SECOND],
  freeze: [1 * SECOND, 5 * SECOND],
  stop: [0, 2 * SECOND],
  away: [30 * SECOND, 30 * SECOND],
  cut: [0, 500],
  slow: [2 * SECOND, 8 * SECOND],
  "half-open": [3 * SECOND, 15 * SECOND],
  full: [6 * SECOND, 12 * SECOND],
  "disk full": [5 * SECOND, 10 * SECOND],
  redelivery: [1 * SECOND, 3 * SECOND],
  "acks lost": PAST_ACK_WAIT,
  "clock jump": [0, 0],
};
/** How slow a wire is, and how far a clock jumps, milliseconds. */
export const AMOUNT: Partial<Record<FaultKind, readonly [least: number, most: number]>> = {
  slow: [20, 400],
  "clock jump": [-20_000 * DAY, 20_000 * DAY],
};
