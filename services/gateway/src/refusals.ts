import { REFUSALS_KEPT_MS } from "@tidemark/event-log/gateway-heartbeats";
import type { Refusal } from "@tidemark/event-log/signals";
import type { FastifyInstance } from "fastify";

const MINUTE_MS = 60_000;

interface RefusedMinute {
  startMs: number;
  requests: number;
  firstAtMs: number;
  lastAtMs: number;
}

/** Counts the publishes of the last hour that were refused, by the code of their problem and by minute. */
export class Refusals {
  /** By code: the minutes with refusals, the earliest first. The codes are a few dozen. */
  readonly #minutes = new Map<string, { code: string; status: number; minutes: RefusedMinute[] }>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  note({ code, status }: { code: string; status: number }): void {
    const nowMs = this.#now();
    const startMs = nowMs - (nowMs % MINUTE_MS);
    const minutes: RefusedMinute[] = this.#minutes.get(code)?.minutes ?? [];
    this.#minutes.set(code, { code, status, minutes });
    const last = minutes.at(-1);
    if (last?.startMs === startMs) {
      last.requests++;
      last.lastAtMs = nowMs;
    } else minutes.push({ startMs, requests: 1, firstAtMs: nowMs, lastAtMs: nowMs });
    if (minutes.length > REFUSALS_KEPT_MS / MINUTE_MS) minutes.shift();
  }

  /** Lists what was refused, and forgets what is older than an hour. */
  list(): Refusal[] {
    const since = this.#now() - REFUSALS_KEPT_MS;
    const listed: Refusal[] = [];
    for (const { code, status, minutes } of this.#minutes.values()) {
      while (minutes[0] !== undefined && minutes[0].startMs < since) minutes.shift();
      const [first, last] = [minutes[0], minutes.at(-1)];
      if (first === undefined || last === undefined) this.#minutes.delete(code);
      else {
        const requests = minutes.reduce((sum, minute) => sum + minute.requests, 0);
        listed.push({ code, status, requests, firstAtMs: first.firstAtMs, lastAtMs: last.lastAtMs });
      }
    }
    return listed;
  }
}

/** Notes each request of these routes that is answered with a problem. */
export function countRefusals(routes: FastifyInstance, refusals: Refusals): void {
  routes.addHook("onResponse", (_request, { problemCode, statusCode }, done) => {
    if (problemCode !== null) refusals.note({ code: problemCode, status: statusCode });
    done();
  });
}
