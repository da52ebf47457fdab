import { Unavailable } from "@tidemark/domain/errors";
import { readLiveness, readReadiness } from "@tidemark/http-api/operations/health-api";
import type { FastifyInstance } from "fastify";
import { coalesce } from "./coalesce.ts";

/** The parts that a process depends on. Each function resolves when its part answers. */
export type ReadinessChecks = Record<string, () => Promise<void>>;

const CHECK_TIMEOUT_MS = 2_000;

/**
 * Serves `GET /livez`, which says that the process runs, so that a restart would not help. Serves `GET /readyz`, which says
 * that the process can do its work; its 503 names the parts that do not answer. Concurrent requests share one run of the checks.
 */
export function registerHealth(server: FastifyInstance, { checks }: { checks: ReadinessChecks }): void {
  const findFaults = coalesce((_key: "all") => runChecks(checks));

  server.get("/livez", { config: { scope: readLiveness.scope } }, () => ({ status: "alive" }));

  server.get("/readyz", { config: { scope: readReadiness.scope } }, async () => {
    const faults = await findFaults("all");
    if (faults.length > 0) throw new Unavailable({ code: "not_ready", detail: `not ready: ${faults.join("; ")}` });
    return { status: "ready" };
  });
}

async function runChecks(checks: ReadinessChecks): Promise<string[]> {
  const faults = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      const fault = await faultOf(check);
      return fault === undefined ? [] : [`${name}: ${fault}`];
    }),
  );
  return faults.flat();
}

/** Describes the fault of a part; undefined if it answers in time. */
async function faultOf(check: () => Promise<void>): Promise<string | undefined> {
  try {
    await within(CHECK_TIMEOUT_MS, check());
    return undefined;
  } catch (error) {
    // Only our own messages are sent, because other errors may contain addresses and user names.
    return error instanceof Unavailable ? error.message : "failed";
  }
}

/**
 * Settles like the promise. If the promise takes too long, throws `Unavailable` and ignores the promise from then on.
 */
export async function within<Value>(timeoutMs: number, promise: Promise<Value>): Promise<Value> {
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => timeout.reject(new Unavailable({ code: "overloaded", detail: `no answer within ${timeoutMs} ms` })),
    timeoutMs,
  );
  try {
    return await Promise.race([promise, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}
