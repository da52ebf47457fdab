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
  logDurability: (() => Durability) | undefined;
}

/**
 * Registers `GET /health`, which covers the whole system and not only this process. All requests share one read at a
 * time.
 */
export function registerSystemHealth(
  server: FastifyInstance,
  { logDurability, readBooks, signals, gateways }: SystemHealthOptions,
): void {
  const consumers = new ConsumerHeartbeats(signals);
  const read = coalesce((_key: "all") => within(READ_TIMEOUT_MS, readBooks({ maxTopics: 0 })));

  registerOperation(server, readHealth, async (_request, reply) => {
    const books = await read("all").catch((error: unknown) => {
      if (error instanceof Unavailable) return error;
      throw error;
    });
    const answer = healthAnswer({ books, consumers, gateways, log: logDurability?.() });
    return reply.code(answer.status === "healthy" ? 200 : 503).send(answer);
  });
}

interface Seen {
  books: WholeBooks | Unavailable;
  consumers: ConsumerHeartbeats;
  gateways: SystemHealthOptions["gateways"];
  log: Durability | undefined;
}

function healthAnswer({ books, consumers, gateways, log = SAFE }: Seen): HealthAnswer {
  const reasons: string[] = [];
  if (books instanceof Unavailable) reasons.push(`the books cannot be read: ${books.message}`);
  else if (books.queue === undefined) reasons.push("the log does not answer");
  if (!consumers.isConsumerRunning) reasons.push("no consumer sent a heartbeat within 5 seconds");
  else if (!consumers.isStoreUp) reasons.push("no consumer reaches the store");
  if (!gateways.isGatewayRunning) reasons.push("no gateway sent a heartbeat within 5 seconds");
  const { queue, logSize } = books instanceof Unavailable ? {} : books;
  return {
    status: reasons.length === 0 ? "healthy" : "unhealthy",
    consumer_running: consumers.isConsumerRunning,
    gateway_running: gateways.isGatewayRunning,
    queue_size: queue?.events ?? null,
    log_bytes: logSize?.bytes ?? null,
    log_max_bytes: logSize?.maxBytes ?? null,
    durability: mergeDurability([log, consumers.storeDurability]),
    timestamp: new Date().toISOString(),
    reasons: reasons.length === 0 ? undefined : reasons,
  };
}
