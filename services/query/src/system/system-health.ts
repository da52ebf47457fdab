import { Unavailable } from "@tidemark/domain/errors";
import type { SilentProcess } from "@tidemark/event-log/silent-processes";
import { type HealthAnswer, readHealth } from "@tidemark/http-api/operations/health-api";
import type { FastifyInstance } from "fastify";
import { registerOperation } from "../register-operation.ts";
import type { SystemState } from "./system-state.ts";

const MAX_NAMED = 20;

export interface SystemHealthOptions {
  readState: () => Promise<SystemState>;
  /**
   * Describes the damage that the store has found in its file, and the remedy. It names no folder, because `/health`
   * needs no key.
   */
  readStoreDamage?: () => string | undefined;
  /** The age of the oldest queued event beyond which the system is not healthy. Absent where events may wait in the log. */
  maxQueuedMs?: number;
}

/** Registers `GET /health`, which covers the whole system and not only this process. */
export function registerSystemHealth(server: FastifyInstance, { readState, ...limits }: SystemHealthOptions): void {
  registerOperation(server, readHealth, async (_request, reply) => {
    const answer = healthAnswer({ ...(await readState()), ...limits });
    return reply.code(answer.status === "healthy" ? 200 : 503).send(answer);
  });
}

interface Seen extends SystemState, Omit<SystemHealthOptions, "readState"> {}

function healthAnswer(seen: Seen): HealthAnswer {
  const { log, books, consumers, gateways, durability } = seen;
  const reasons = [...storeAndLogFaults(seen), ...processFaults(seen)];
  return {
    status: reasons.length === 0 ? "healthy" : "unhealthy",
    consumer_running: consumers.isConsumerRunning,
    gateway_running: gateways.isGatewayRunning,
    queue_size: (books instanceof Unavailable ? undefined : books.queue?.events) ?? null,
    log_bytes: log?.bytes ?? null,
    log_max_bytes: log?.maxBytes ?? null,
    disks: disksOf(seen),
    missing: missingOf(seen),
    durability,
    timestamp: new Date().toISOString(),
    reasons: reasons.length === 0 ? undefined : reasons,
  };
}

function disksOf({ logDisk, usage }: Seen): HealthAnswer["disks"] {
  return Object.entries({ log: logDisk, store: usage?.disk }).flatMap(([volume, disk]) =>
    disk === undefined
      ? []
      : [{ volume: volume as "log" | "store", free_bytes: disk.freeBytes, size_bytes: disk.sizeBytes }],
  );
}

/** Returns the processes that sent heartbeats within the last hour and are silent now, the latest first. */
function missingOf({ consumers, gateways }: Seen): HealthAnswer["missing"] {
  const named = (part: "gateway" | "consumer", silent: SilentProcess[]) =>
    silent.map(({ id, heardAtMs }) => ({ part, id, silent_since: new Date(heardAtMs).toISOString() }));
  return [...named("gateway", gateways.silent), ...named("consumer", consumers.silent)]
    .sort((one, other) => (one.silent_since < other.silent_since ? 1 : -1))
    .slice(0, MAX_NAMED);
}

function* storeAndLogFaults({ log, books, readStoreDamage, maxQueuedMs = Number.POSITIVE_INFINITY }: Seen) {
  const damage = readStoreDamage?.();
  if (damage !== undefined) yield damage;
  if (log === undefined) yield "the log does not answer";
  if (books instanceof Unavailable) yield `the books cannot be read: ${books.message}`;
  else {
    const queuedMs = Date.now() - (books.queue?.oldestAtMs ?? Date.now());
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
