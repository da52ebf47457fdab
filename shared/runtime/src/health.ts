import { Unavailable } from "@tidemark/domain/errors";
import type { FastifyInstance } from "fastify";
import { coalesce } from "./coalesce.ts";

/** What a process depends on: each resolves when the named part answers. */
export type ReadinessChecks = Record<string, () => Promise<void>>;

const CHECK_TIMEOUT_MS = 2_000;

/**
 * `GET /livez`: the process runs, whatever is the matter around it; restarting it would not help. `GET /readyz`: it can
 * do its work; 503 names what it lacks. However many ask, the checks run once at a time.
 */
export function registerHealth(server: FastifyInstance, { checks }: { checks: ReadinessChecks }): void {
  const findFaults = coalesce((_key: "all") => runChecks(checks));

  server.get("/livez", () => ({ status: "alive" }));

  server.get("/readyz", async () => {
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

/** What is wrong with a part, in words; undefined when it answers in time. */
async function faultOf(check: () => Promise<void>): Promise<string | undefined> {
  try {
    await within(CHECK_TIMEOUT_MS, check());
    return undefined;
  } catch (error) {
    // Only words of ours go out: the message of another error may hold addresses and names.
    return error instanceof Unavailable ? error.message : "does not work";
  }
}

/** The promise's outcome, or `Unavailable` when there is none in time. The promise itself goes on. */
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
