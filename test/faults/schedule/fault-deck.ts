/** The shape of a deployment: one process, or the services with their log and database. */
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
  | "clock jump"
  | "slow event"
  | "large conflicts";

export interface FaultTemplate {
  kind: FaultKind;
  targets: readonly string[];
  /** The duration, if it is not that of the kind. */
  hold?: Range;
}

export type Range = readonly [leastMs: number, mostMs: number];

const SECOND = 1_000;
/**
 * This is longer than the acknowledgement timeout of the log, 20 s, so that another consumer receives the frames of the
 * frozen one.
 */
const PAST_ACK_WAIT: Range = [22 * SECOND, 26 * SECOND];
/** This is longer than the client's timeout, 8 s. */
const PAST_TIMEOUTS: Range = [9 * SECOND, 14 * SECOND];

const GATEWAYS = ["gateway-1", "gateway-2"];
const CONSUMERS = ["consumer-1", "consumer-2"];
const STACK = [GATEWAYS, CONSUMERS, ["query"], ["nats"], ["postgres"]];

/** The proxies of a deployment, named `from>to`. */
export const PROXIES: Record<Shape, readonly string[]> = {
  single: ["client>single"],
  stack: [
    ...GATEWAYS.flatMap((gateway) => [`client>${gateway}`, `${gateway}>nats`]),
    ...[...CONSUMERS, "query"].flatMap((service) => [`${service}>nats`, `${service}>postgres`]),
  ],
};

/** One fault, or two that begin together. */
export type FaultGroup = readonly FaultTemplate[];

/**
 * The deck contains each of these once, so a run that is long enough for the deck has every kind of fault and every
 * pair of components.
 */
export const FAULT_DECK: Record<Shape, readonly FaultGroup[]> = {
  single: [
    ...repeat(6, { kind: "kill", targets: ["single"] }),
    ...repeat(3, { kind: "freeze", targets: ["single"] }),
    ...repeat(4, { kind: "stop", targets: ["single"] }),
    [{ kind: "freeze", targets: ["single"], hold: PAST_TIMEOUTS }],
    ...onProxies("single", 2),
    [{ kind: "full", targets: ["all"] }],
    [{ kind: "disk full", targets: ["single"] }],
    ...repeat(2, { kind: "clock jump", targets: ["client"] }),
    [{ kind: "large conflicts", targets: ["client"] }],
  ],
  stack: [
    ...STACK.flatMap((targets): FaultGroup[] => [[{ kind: "kill", targets }], [{ kind: "freeze", targets }]]),
    ...pairsOfComponents(),
    ...STACK.slice(0, 3).map((targets): FaultGroup => [{ kind: "stop", targets }]),
    [{ kind: "freeze", targets: CONSUMERS, hold: PAST_ACK_WAIT }],
    [{ kind: "freeze", targets: ["query", "postgres", "nats", ...GATEWAYS], hold: PAST_TIMEOUTS }],
    [{ kind: "away", targets: ["nats"] }],
    [{ kind: "away", targets: ["postgres"] }],
    ...onProxies("stack", 1),
    ...repeat(2, { kind: "redelivery", targets: CONSUMERS }),
    [{ kind: "acks lost", targets: ["all"] }],
    [{ kind: "full", targets: ["all"] }],
    [{ kind: "disk full", targets: ["nats"] }],
    [{ kind: "disk full", targets: ["postgres"] }],
    [{ kind: "clock jump", targets: ["client"] }],
    ...repeat(2, { kind: "slow event", targets: ["client"] }),
    [{ kind: "large conflicts", targets: ["client"] }],
  ],
};

function repeat(times: number, template: FaultTemplate): FaultGroup[] {
  return Array.from({ length: times }, () => [template]);
}

function onProxies(shape: Shape, times: number): FaultGroup[] {
  const kinds: FaultKind[] = ["cut", "slow", "half-open"];
  return kinds.flatMap((kind) => repeat(times, { kind, targets: PROXIES[shape] }));
}

/** Any two components, which may be replicas of one service. One is killed, and the other is killed or frozen. */
function pairsOfComponents(): FaultGroup[] {
  const kill = (...targets: string[]): FaultTemplate => ({ kind: "kill", targets });
  const replicas = [GATEWAYS, CONSUMERS].map((names): FaultGroup => names.map((name) => kill(name)));
  const others = STACK.flatMap((targets, index) =>
    STACK.slice(index + 1).map((partners, distance): FaultGroup => {
      const kind = distance % 2 === 0 ? "kill" : "freeze";
      return [kill(...targets), { kind, targets: partners }];
    }),
  );
  return [...replicas, ...others];
}

const DAY = 86_400 * SECOND;
/** The duration of each kind of fault. */
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
  "slow event": [0, 0],
  "large conflicts": [0, 0],
};
/** The delay of a slow proxy, and the offset of a clock jump, in milliseconds. */
export const AMOUNT: Partial<Record<FaultKind, readonly [least: number, most: number]>> = {
  slow: [20, 400],
  "clock jump": [-20_000 * DAY, 20_000 * DAY],
};
