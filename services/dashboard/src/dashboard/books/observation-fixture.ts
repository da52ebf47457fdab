import type { HealthAnswer, StatsAnswer, TopicStats } from "../api/contract.d.ts";
import type { Observation } from "../api/poller.js";

const STATS: StatsAnswer = {
  received: 10,
  unique_processed: 6,
  duplicate_dropped: 2,
  conflicts: 0,
  dead_lettered: 1,
  queue_size: 1,
  topics: [],
  by_topic: [],
  topics_total: 0,
  by_source: [],
  sources_total: 0,
  oldest_queued_seconds: 0.5,
  uptime_seconds: 1,
  uptime_human: "0h 0m 1s",
  drift: 0,
  confirmed: 8,
  unconfirmed: 2,
  last_audit: { audited_at: "2025-10-23T10:00:00.000000Z", balanced: true, differences_total: 0 },
  last_restore: null,
  refused: [],
};

export const HEALTH: HealthAnswer = {
  status: "healthy",
  consumer_running: true,
  gateway_running: true,
  log_bytes: 0,
  log_max_bytes: 1_000_000,
  queue_size: 1,
  disks: [],
  missing: [],
  durability: { status: "safe", findings: [] },
  timestamp: "2025-10-23T10:00:00.000Z",
};

/** The fields of /stats, apart from counts, in the answer to a key that reaches only some topics. */
export const LIMITED: Partial<StatsAnswer> = {
  received: 9,
  queue_size: null,
  oldest_queued_seconds: null,
  drift: null,
  confirmed: null,
  unconfirmed: null,
  last_audit: null,
  last_restore: null,
  refused: null,
  incomplete: ["log", "sources"],
};

export const UNSAFE: HealthAnswer["durability"] = {
  status: "unsafe",
  findings: [{ part: "store", detail: "fsync=off" }],
};
export const DISCONNECTED = { isDisconnected: true, detail: "Tidemark does not answer" };
export const STORE_UNREACHABLE = { isDisconnected: false, detail: "the store cannot be reached" };

/** Books that balance, but for the given fields. */
export function makeStats(fields: Partial<StatsAnswer> = {}): StatsAnswer {
  return { ...STATS, ...fields };
}

export function makeTopic(fields: Partial<TopicStats> = {}): TopicStats {
  const counts = { received: 0, unique_processed: 0, duplicate_dropped: 0, conflicts: 0, dead_lettered: 0 };
  return { topic: "t", ...counts, last_processed_at: "2025-10-23T10:00:00.000000Z", ...fields };
}

/** A Tidemark in which everything works, but for the given fields. */
export function makeObservation({
  stats = {},
  health = {},
  ...times
}: {
  stats?: Partial<StatsAnswer>;
  health?: Partial<HealthAnswer>;
  oldestDeadLetterAt?: string;
  latestConflictAt?: string;
} = {}) {
  return {
    books: { stats: makeStats(stats), readAt: 1_000, ...times },
    health: { ...HEALTH, ...health },
  } satisfies Observation;
}
