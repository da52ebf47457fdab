import type { DiskSpace } from "@tidemark/domain/disk-space";
import type { Durability } from "@tidemark/domain/durability";
import type { Signer } from "@tidemark/domain/signer";
import type { LogSnapshot } from "@tidemark/event-log/event-log";
import { GatewayHeartbeats } from "@tidemark/event-log/gateway-heartbeats";
import type { Signals } from "@tidemark/event-log/signals";
import type { Auditor } from "@tidemark/event-store/audit";
import type { DeadLetterCommands, DeadLetterStore } from "@tidemark/event-store/dead-letters";
import type { DuplicateReader } from "@tidemark/event-store/duplicates";
import type { ErasureCommands } from "@tidemark/event-store/erasure";
import type { EventReader } from "@tidemark/event-store/event-store";
import type { SubscriptionStore } from "@tidemark/event-store/subscriptions";
import type { UsageReader } from "@tidemark/event-store/usage";
import { registerHealth } from "@tidemark/runtime/health";
import { VERSION } from "@tidemark/runtime/version";
import type { Metrics } from "@tidemark/telemetry/metrics/metrics";
import type { FastifyInstance } from "fastify";
import { registerAudit } from "./books/audit.ts";
import { type BooksOptions, readBooks } from "./books/books.ts";
import { createBooksAlarm } from "./books/books-alarm.ts";
import { registerHistory } from "./books/history.ts";
import { registerStats } from "./books/stats.ts";
import { registerTopics } from "./books/topics.ts";
import { registerDeadLetters } from "./dead-letters/dead-letters.ts";
import { registerDuplicates } from "./duplicates/duplicates.ts";
import { registerErasure } from "./events/erasure.ts";
import { registerEvents } from "./events/events.ts";
import { registerPages } from "./pages/pages.ts";
import { createCursors } from "./paging/cursor.ts";
import { createReadBudgets } from "./paging/read-budget.ts";
import { registerReceipts } from "./receipts/receipts.ts";
import { registerEventStream } from "./stream/event-stream.ts";
import { createPollers } from "./stream/pollers.ts";
import { addSubscriptionMetrics } from "./subscriptions/subscription-metrics.ts";
import { registerSubscriptions } from "./subscriptions/subscriptions.ts";
import { registerSystemHealth } from "./system/system-health.ts";
import { addSystemMetrics } from "./system/system-metrics.ts";
import { createSystemState } from "./system/system-state.ts";
import { registerWhoami } from "./whoami.ts";

export interface QueryOptions {
  store: EventReader &
    DuplicateReader &
    SubscriptionStore &
    Pick<DeadLetterStore, "listDeadLetters" | "findDeadLetterTopic"> &
    Auditor &
    UsageReader;
  /** In single the store itself; in the stack a consumer, because the query service has no right to write. */
  storeCommands: DeadLetterCommands & ErasureCommands;
  /** @throws {Unavailable} if the log does not answer */
  readLogSnapshot: () => Promise<LogSnapshot>;
  signals: Pick<Signals, "onHeartbeat" | "onGatewayHeartbeat" | "onCommit">;
  /** Signs cursors, and knows the receipts of the gateways. */
  signer: Signer;
  /** Reads whether frames that the log has confirmed survive a power failure. Absent for the log in memory. */
  logDurability?: () => Durability;
  /** Reads the room of the log on its server. Absent if that cannot be known. */
  readLogDisk?: () => Promise<DiskSpace | undefined>;
  /** Describes the damage that the store has found in its file, and the remedy. Absent for a database server. */
  readStoreDamage?: () => string | undefined;
  /** The age of the oldest queued event beyond which `/health` is 503. Absent where events may wait in the log. */
  maxQueuedMs?: number;
  /** The metrics to which the gauges of the whole system are added. Default: none. */
  metrics?: Metrics;
  /** The number of days for which payloads are kept; 0 or absent: indefinitely. */
  retentionDays?: number;
  /** The start of the process in milliseconds since the epoch. */
  startedAtMs: number;
  /** The number of list pages read at a time, and also of pages for exports and streams. Default: 4. */
  maxPageReads?: number;
}

/** Registers every route that reads: events, books, receipts, health, and the pages for people. */
export function registerQuery(server: FastifyInstance, options: QueryOptions): void {
  const { store, readLogSnapshot, signals, signer, metrics, startedAtMs, maxPageReads, retentionDays } = options;
  const cursors = createCursors(signer);
  const budgets = createReadBudgets(maxPageReads);
  const gateways = new GatewayHeartbeats(signals);
  const alarm = createBooksAlarm(server.log);
  const sources = { reader: store, readLogSnapshot, confirmedEvents: () => gateways.confirmedEvents() };
  const readWhole = async (options: BooksOptions) => alarm(await readBooks(sources, options));
  registerEvents(server, { reader: store, cursors, budgets });
  registerErasure(server, options.storeCommands);
  const pollers = createPollers({ reader: store, signals, cursors, budget: budgets.streams, logger: server.log });
  registerEventStream(server, { reader: store, pollers, cursors });
  registerSubscriptions(server, { store, pollers, cursors, budget: budgets.lists, retentionDays });
  registerDuplicates(server, { store, cursors, budget: budgets.lists });
  registerDeadLetters(server, {
    store,
    commands: options.storeCommands,
    cursors,
    budget: budgets.lists,
  });
  registerStats(server, {
    reader: store,
    readBooks: readWhole,
    readRefusals: () => gateways.refusals(),
    startedAtMs,
  });
  registerTopics(server, { reader: store, cursors, budget: budgets.lists });
  registerHistory(server, { reader: store, gatewayStarts: () => gateways.starts() });
  registerAudit(server, { auditor: store });
  registerReceipts(server, { reader: store, readLogSnapshot, signer });
  const readState = createSystemState({ ...options, sources, onBooks: alarm, gateways });
  registerSystemHealth(server, { ...options, readState });
  if (metrics !== undefined) {
    addSystemMetrics(metrics, readState);
    addSubscriptionMetrics(metrics, { store, retentionDays: retentionDays ?? 0 });
  }
  registerHealth(server, { checks: { store: () => store.ping() } });
  registerWhoami(server);
  registerPages(server, { version: VERSION });
}
