/** The bounds of `docs/model/bounds.pml`. Bounds that are left out are 0, except GROUPS. */
export type Bounds = Partial<
  Record<
    | "RESENDS"
    | "REPEATS"
    | "REDELIVERIES"
    | "LOST_ACKS"
    | "UNKNOWN_COMMITS"
    | "REVIVALS"
    | "GATEWAY_CRASHES"
    | "CONSUMER_CRASHES"
    | "GROUPS"
    | "PRUNES"
    | "LOOKS"
    | "WITNESS"
    | "PARTS"
    | "REFUSED"
    | "UNHEARD",
    number
  >
>;

export interface Configuration {
  name: string;
  bounds: Bounds;
  /** Searches for a cycle instead of a broken claim. */
  isCycleSearch?: true;
}

const CRASHES: Bounds = { GATEWAY_CRASHES: 1, CONSUMER_CRASHES: 1 };

/**
 * Each configuration has two gateways, two consumers, two clients and two events. Every process in `crashes` crashes.
 */
export const CONFIGURATIONS: readonly Configuration[] = [
  { name: "crashes", bounds: { ...CRASHES, LOST_ACKS: 1, REDELIVERIES: 1, LOOKS: 1, WITNESS: 1 } },
  { name: "retries", bounds: { GATEWAY_CRASHES: 1, RESENDS: 1, GROUPS: 0, LOOKS: 1 } },
  { name: "window", bounds: { CONSUMER_CRASHES: 1, REPEATS: 1, GROUPS: 0, LOOKS: 1 } },
  { name: "pruning", bounds: { REPEATS: 1, LOST_ACKS: 1, PRUNES: 1, GROUPS: 0 } },
  { name: "pruning and look", bounds: { LOST_ACKS: 1, PRUNES: 1, LOOKS: 1 } },
  { name: "broker", bounds: { REVIVALS: 1, PRUNES: 1, PARTS: 1, LOOKS: 1, GROUPS: 0 } },
  { name: "looks", bounds: { CONSUMER_CRASHES: 1, LOST_ACKS: 1, LOOKS: 2 } },
  { name: "refused", bounds: { CONSUMER_CRASHES: 1, UNKNOWN_COMMITS: 1, REDELIVERIES: 1, REFUSED: 1, LOOKS: 1 } },
  {
    name: "no cycle",
    bounds: { ...CRASHES, LOST_ACKS: 1, REDELIVERIES: 1, REVIVALS: 1, GROUPS: 0 },
    isCycleSearch: true,
  },
];

/** A model with one mistake. The checker must find it, by one of these claims. */
export interface Twin {
  /** The name of the saboteur in `test/faults/saboteurs`, or of a mistake that has no saboteur. */
  name: string;
  define: string;
  bounds: Bounds;
  claim: string;
  /**
   * Searches in depth, because a search in breadth takes too long. The counterexample is therefore not the shortest.
   */
  isDeep?: true;
}

/** The saboteurs of `test/faults/saboteurs`, all of which have a twin. */
export const SABOTEURS: readonly Twin[] = [
  { name: "ack-before-commit", define: "ACK_BEFORE_COMMIT", bounds: { CONSUMER_CRASHES: 1 }, claim: "never lost" },
  { name: "no-ledger", define: "NO_LEDGER", bounds: { CONSUMER_CRASHES: 1, UNHEARD: 1 }, claim: "copies counted once" },
  { name: "counters-outside", define: "COUNTERS_OUTSIDE", bounds: { CONSUMER_CRASHES: 1 }, claim: "stored once" },
  { name: "verdicts-shifted", define: "VERDICTS_SHIFTED", bounds: {}, claim: "verdicts are right" },
  { name: "drops-stored", define: "DROPS_STORED", bounds: { LOOKS: 1 }, claim: "books balance" },
  { name: "trims-frames", define: "TRIMS_FRAMES", bounds: { LOOKS: 1, WITNESS: 1 }, claim: "copies counted once" },
  { name: "conflicts-unseen", define: "CONFLICTS_UNSEEN", bounds: {}, claim: "verdicts are right" },
  { name: "confirms-before-append", define: "CONFIRMS_BEFORE_APPEND", bounds: {}, claim: "never lost" },
  { name: "retries-slow-data", define: "RETRIES_REFUSED", bounds: { REFUSED: 1 }, claim: "never lost" },
];

const PRUNING: Bounds = { PRUNES: 1, GROUPS: 0, UNHEARD: 1 };

/** Mistakes that the design excludes and that no saboteur makes. */
export const MISTAKES: readonly Twin[] = [
  {
    name: "ledger row after the commit",
    define: "LEDGER_OUTSIDE",
    bounds: { CONSUMER_CRASHES: 1, UNHEARD: 1 },
    claim: "copies counted once",
  },
  {
    name: "new id at the second attempt",
    define: "NEW_ID_ON_RETRY",
    bounds: { GROUPS: 0 },
    claim: "copies counted once",
  },
  {
    name: "repeated position without a row",
    define: "REPEATS_UNRECORDED",
    bounds: { REPEATS: 1, LOOKS: 1 },
    claim: "received counts everything once",
  },
  {
    name: "store read before the log",
    define: "BOOKS_STORE_FIRST",
    bounds: { LOOKS: 1 },
    claim: "received counts everything taken",
  },
  {
    name: "applied frames counted as queued",
    define: "BOOKS_COUNT_HELD_TWICE",
    bounds: { LOOKS: 1 },
    claim: "received counts everything once",
  },
  { name: "one read of the log", define: "SNAPSHOT_UNCHECKED", bounds: { PARTS: 1, LOOKS: 1 }, claim: "books balance" },
  {
    name: "prunes rows of held frames",
    define: "PRUNES_HELD",
    bounds: { ...PRUNING, LOST_ACKS: 1 },
    claim: "copies counted once",
  },
  {
    name: "prunes rows of any age",
    define: "PRUNES_WITHOUT_AGE",
    bounds: { ...PRUNING, REPEATS: 1 },
    claim: "copies counted once",
    isDeep: true,
  },
  {
    name: "prunes by the clock alone",
    define: "PRUNES_BY_AGE_OF_NOW",
    bounds: { ...PRUNING, REPEATS: 1 },
    claim: "copies counted once",
    isDeep: true,
  },
  {
    name: "prunes by one snapshot while the books are read",
    define: "PRUNES_AT_ONCE",
    bounds: { ...PRUNING, LOST_ACKS: 1, LOOKS: 1 },
    claim: "no drift",
    isDeep: true,
  },
  {
    name: "prunes by one snapshot before a broker is killed",
    define: "PRUNES_AT_ONCE",
    bounds: { ...PRUNING, REVIVALS: 1 },
    claim: "copies counted once",
    isDeep: true,
  },
];
