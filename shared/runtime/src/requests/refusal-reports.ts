import type { Problem } from "@tidemark/http-api/problem";
import { shorten } from "@tidemark/json/shorten";
import type { Logger } from "@tidemark/telemetry/logger";
import type { FastifyRequest } from "fastify";

const INTERVAL_MS = 1_000;

/** The refusals whose detail is about the body. Others may quote a path or a query, where a client may wrongly send a key. */
const ABOUT_BODY = new Set([413, 415, 422]);

/**
 * Logs the requests that were refused, so that a sender that does not read its answers leaves a trace. What the service could
 * not do is a `warn`, ten lines a second at most. A fault of the client is an `info`, one line a second at most, and a `debug`
 * for each other. One line tells the number of the others, because a full log or a wrong sender has every request refused.
 */
export class RefusalReports {
  readonly #unserved: LineBudget;
  readonly #refused: LineBudget;

  constructor(logger: Logger) {
    this.#unserved = new LineBudget(10, (requests) => logger.warn({ requests }, "could not serve further requests"));
    this.#refused = new LineBudget(1, (requests) => logger.info({ requests }, "refused further requests"));
  }

  report(request: FastifyRequest, { status, code, detail }: Problem): void {
    if (status === 500) return; // logged with its error
    const line = { ...describeRequest(request), status, code };
    // A probe asks every second, and "not ready" is its answer.
    if (request.routeOptions.url === "/readyz") request.log.debug(line, "refused a request");
    else if (status === 503) {
      if (this.#unserved.hasRoom()) request.log.warn({ ...line, detail }, "could not serve a request");
    } else if (this.#refused.hasRoom()) {
      request.log.info(ABOUT_BODY.has(status) ? { ...line, detail } : line, "refused a request");
    } else request.log.debug(line, "refused a request");
  }
}

/** The number of lines a second that may be written. At the end of a second it tells the number of those that were not. */
class LineBudget {
  readonly #maxLines: number;
  readonly #tellOthers: (count: number) => void;
  #lines = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(maxLines: number, tellOthers: (count: number) => void) {
    this.#maxLines = maxLines;
    this.#tellOthers = tellOthers;
  }

  hasRoom(): boolean {
    this.#timer ??= setTimeout(() => this.#endInterval(), INTERVAL_MS).unref();
    return ++this.#lines <= this.#maxLines;
  }

  #endInterval(): void {
    const others = this.#lines - this.#maxLines;
    this.#lines = 0;
    this.#timer = undefined;
    if (others > 0) this.#tellOthers(others);
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
