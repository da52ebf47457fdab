import { Unavailable } from "@tidemark/domain/errors";
import type { Metrics, ReadGauge } from "@tidemark/telemetry/metrics/metrics";
import type { WholeBooks } from "../books/books.ts";
import type { SystemState } from "./system-state.ts";

/** Adds the gauges of the whole system, which are read at each scrape. The gauges of a part that is down are absent. */
export function addSystemMetrics(metrics: Metrics, readState: () => Promise<SystemState>): void {
  metrics.readGauges({
    read: readState,
    gauges: [...LOG_GAUGES, ...BOOKS_GAUGES, ...STORE_GAUGES, ...DISK_GAUGES, ...PROCESS_GAUGES],
  });
}

type Gauges = ReadGauge<SystemState>[];

const LOG_GAUGES: Gauges = [
  {
    name: "tidemark_log_up",
    help: "Whether the log answered at this scrape.",
    value: ({ log }) => (log === undefined ? 0 : 1),
  },
  {
    name: "tidemark_log_bytes",
    help: "The bytes of the frames that the log holds.",
    value: ({ log }) => log?.bytes,
  },
  {
    name: "tidemark_log_limit_bytes",
    help: "The bytes that the log may hold. A full log refuses events.",
    value: ({ log }) => log?.maxBytes,
  },
  {
    name: "tidemark_log_replicas_missing",
    help: "Replicas of the log that are down or behind.",
    value: ({ log }) => log?.replicasMissing,
  },
];

const BOOKS_GAUGES: Gauges = [
  {
    name: "tidemark_store_up",
    help: "Whether the store answered at this scrape.",
    value: ({ books }) => (books instanceof Unavailable ? 0 : 1),
  },
  {
    name: "tidemark_queue_events",
    help: "Events that wait for a verdict.",
    value: ofBooks(({ queue }) => queue?.events),
  },
  {
    name: "tidemark_queue_oldest_seconds",
    help: "The time that the oldest queued event has waited. 0 if none waits.",
    value: ofBooks(({ queue }) => queue && Math.max(0, Date.now() - (queue.oldestAtMs ?? Date.now())) / 1_000),
  },
  {
    name: "tidemark_drift_frames",
    help: "Frames that left the log minus frames in the books. Any value but 0 is a defect.",
    value: ofBooks(({ drift }) => drift),
  },
  {
    name: "tidemark_unconfirmed_events",
    help: "Events in the books or queued minus those that the log confirmed to gateways. Below 0, events are gone.",
    value: ofBooks(({ witness }) => witness?.unconfirmed),
  },
  {
    name: "tidemark_audit_balanced",
    help: "Whether the last audit found the books and the rows to agree.",
    value: ofBooks(({ books: { lastAudit } }) => lastAudit && Number(lastAudit.isBalanced)),
  },
  {
    name: "tidemark_audit_timestamp_seconds",
    help: "The time of the last audit, in seconds since the epoch.",
    value: ofBooks(({ books: { lastAudit } }) => lastAudit && Date.parse(lastAudit.auditedAt) / 1_000),
  },
];

function ofBooks(value: (books: WholeBooks) => number | undefined): ReadGauge<SystemState>["value"] {
  return ({ books }) => (books instanceof Unavailable ? undefined : value(books));
}

const STORE_GAUGES: Gauges = [
  {
    name: "tidemark_database_bytes",
    help: "The bytes of the database.",
    value: ({ usage }) => usage?.databaseBytes,
  },
  {
    name: "tidemark_database_connections",
    help: "Open connections of the database server.",
    value: ({ usage }) => usage?.connections?.open,
  },
  {
    name: "tidemark_database_connections_limit",
    help: "The connections that the database server allows.",
    value: ({ usage }) => usage?.connections?.limit,
  },
  {
    name: "tidemark_database_oldest_transaction_seconds",
    help: "The age of the oldest open transaction of the database. 0 if there is none.",
    value: ({ usage }) => usage?.oldestTransactionSeconds,
  },
  {
    name: "tidemark_database_standbys",
    help: "Standbys that stream from the database server. Absent if none is connected.",
    value: ({ usage }) => usage?.standbys?.streaming,
  },
  {
    name: "tidemark_database_standby_lag_bytes",
    help: "Bytes of the write-ahead log that the slowest standby has not replayed.",
    value: ({ usage }) => usage?.standbys?.lagBytes,
  },
];

const DISK_GAUGES: Gauges = [
  {
    name: "tidemark_disk_free_bytes",
    help: "The free room of the disk of the store, and of nats-server for the log.",
    label: "volume",
    value: ({ usage, logDisk }) => ({ log: logDisk?.freeBytes, store: usage?.disk?.freeBytes }),
  },
  {
    name: "tidemark_disk_size_bytes",
    help: "The whole room of the disk of the store, and of nats-server for the log.",
    label: "volume",
    value: ({ usage, logDisk }) => ({ log: logDisk?.sizeBytes, store: usage?.disk?.sizeBytes }),
  },
];

const PROCESS_GAUGES: Gauges = [
  {
    name: "tidemark_gateways",
    help: "Gateways that were heard of within the last five seconds.",
    value: ({ gateways }) => gateways.running,
  },
  {
    name: "tidemark_consumers",
    help: "Consumers that were heard of within the last five seconds.",
    value: ({ consumers }) => consumers.running,
  },
  {
    name: "tidemark_durable",
    help: "Whether confirmed events survive a loss of power, by the settings of log and store. Absent if not known.",
    value: ({ durability: { status } }) => (status === "unknown" ? undefined : Number(status === "safe")),
  },
];
