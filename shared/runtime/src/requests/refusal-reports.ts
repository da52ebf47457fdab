import type { Problem } from "@tidemark/http-api/problem";
import { shorten } from "@tidemark/json/shorten";
import type { Logger } from "@tidemark/telemetry/logger";
import type { FastifyRequest } from "fastify";

const INTERVAL_MS = 1_000;
const MAX_LINES = 10;

/**
 * Logs the requests that were refused. A fault of the client is a `debug`. What the service could not do is a `warn`: ten
 * lines a second at most, and one with the number of the others, because a full log refuses every request.
 */
export class RefusalReports {
  readonly #logger: Logger;
  /** The lines of the current second. */
  #lines = 0;
  /** The requests of the current second that got no line. */
  #others = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  report(request: FastifyRequest, { status, code, detail }: Problem): void {
    if (status === 500) return; // logged with its error
    const line = { ...describeRequest(request), status, code };
    // A probe asks every second, and "not ready" is its answer.
    const isProbe = request.routeOptions.url === "/readyz";
    if (status !== 503 || isProbe) request.log.debug(line, "refused a request");
    else if (this.#hasRoom()) request.log.warn({ ...line, detail }, "could not serve a request");
  }

  #hasRoom(): boolean {
    this.#timer ??= setTimeout(() => this.#endInterval(), INTERVAL_MS).unref();
    if (++this.#lines <= MAX_LINES) return true;
    this.#others++;
    return false;
  }

  #endInterval(): void {
    const requests = this.#others;
    this.#lines = 0;
    this.#others = 0;
    this.#timer = undefined;
    if (requests > 0) this.#logger.warn({ requests }, "could not serve further requests");
  }
}

/**
 * Returns the fields that say what a request asked for. A client may wrongly send a key in its query, or in a path that is no
 * route, so these stay out of the lines.
 */
export function describeRequest({ method, url, is404, routeOptions }: FastifyRequest): {
  method: string;
  path?: string;
} {
  if (is404 || routeOptions.url === undefined) return { method };
  return { method, path: shorten(url.split("?")[0] ?? url) };
}
