import { type Durability, mergeDurability, SAFE } from "@tidemark/domain/durability";
import { Unavailable } from "@tidemark/domain/errors";
import { ConsumerHeartbeats } from "@tidemark/event-log/consumer-heartbeats";
import type { GatewayHeartbeats } from "@tidemark/event-log/gateway-heartbeats";
import type { Signals } from "@tidemark/event-log/signals";
import { type HealthAnswer, readHealth } from "@tidemark/http-api/operations/health-api";
import { coalesce } from "@tidemark/runtime/coalesce";
import { within } from "@tidemark/runtime/health";
import type { FastifyInstance } from "fastify";
import type { BooksOptions, WholeBooks } from "./books/books.ts";
import { registerOperation } from "./register-operation.ts";

const READ_TIMEOUT_MS = 3_000;

export interface SystemHealthOptions {
  readBooks: (options: BooksOptions) => Promise<WholeBooks>;
  signals: Pick<Signals, "onHeartbeat">;
  gateways: Pick<GatewayHeartbeats, "isGatewayRunning">;
  /** Absent for the log in memory. */
  logDurability?: () => Durability;
  /** Describes the damage that the store has found in its file, and what to do. Names no folder: `/health` needs no key. */
  readStoreDamage?: () => string | undefined;
  /** The age of the oldest queued event beyond which the system is not healthy. Absent where events may wait in the log. */
  maxQueuedMs?: number;
}

/**
 * Registers `GET /health`, which covers the whole system and not only this process. All requests share one read at a
 * time.
 */
export function registerSystemHealth(
  server: FastifyInstance,
  { readBooks, signals, ...sources }: SystemHealthOptions,
): void {
  const consumers = new ConsumerHeartbeats(signals);
  const read = coalesce((_key: "all") => within(READ_TIMEOUT_MS, readBooks({ maxTopics: 0 })));

  registerOperation(server, readHealth, async (_request, reply) => {
    const books = await read("all").catch((error: unknown) => {
      if (error instanceof Unavailable) return error;
      throw error;
    });
    const answer = healthAnswer({ books, consumers, ...sources });
    return reply.code(answer.status === "healthy" ? 200 : 503).send(answer);
  });
}

interface Seen extends Omit<SystemHealthOptions, "readBooks" | "signals"> {
  books: WholeBooks | Unavailable;
  consumers: ConsumerHeartbeats;
}

function healthAnswer(seen: Seen): HealthAnswer {
  const { books, consumers, gateways, logDurability } = seen;
  const reasons = [...storeAndLogFaults(seen), ...processFaults(seen)];
  const { queue, logSize } = books instanceof Unavailable ? {} : books;
  return {
    status: reasons.length === 0 ? "healthy" : "unhealthy",
    consumer_running: consumers.isConsumerRunning,
    gateway_running: gateways.isGatewayRunning,
    queue_size: queue?.events ?? null,
    log_bytes: logSize?.bytes ?? null,
    log_max_bytes: logSize?.maxBytes ?? null,
    durability: mergeDurability([logDurability?.() ?? SAFE, consumers.storeDurability]),
    timestamp: new Date().toISOString(),
    reasons: reasons.length === 0 ? undefined : reasons,
  };
}

function* storeAndLogFaults({ books, readStoreDamage, maxQueuedMs = Number.POSITIVE_INFINITY }: Seen) {
  const damage = readStoreDamage?.();
  if (damage !== undefined) yield damage;
  if (books instanceof Unavailable) yield `the books cannot be read: ${books.message}`;
  else if (books.queue === undefined) yield "the log does not answer";
  else {
    const queuedMs = Date.now() - (books.queue.oldestAtMs ?? Date.now());
    if (queuedMs > maxQueuedMs) yield `the oldest queued event has waited ${Math.round(queuedMs / 1_000)} s`;
    const missing = -(books.witness?.unconfirmed ?? 0);
    if (missing > 0) yield `${missing} events that the log has confirmed are neither in the log nor in the books`;
  }
}

function* processFaults({ consumers, gateways }: Seen) {
  if (!consumers.isConsumerRunning) yield "no consumer sent a heartbeat within 5 seconds";
  else if (!consumers.isStoreUp) yield "no consumer reaches the store";
  if (!gateways.isGatewayRunning) yield "no gateway sent a heartbeat within 5 seconds";
}
