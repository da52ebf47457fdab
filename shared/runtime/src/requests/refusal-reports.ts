import type { Problem } from "@tidemark/http-api/problem";
import { shorten } from "@tidemark/json/shorten";
import type { Logger } from "@tidemark/telemetry/logger";
import type { FastifyRequest } from "fastify";

const INTERVAL_MS = 1_000;

/** The refusals whose detail is about the body. Others may quote a path or a query, where a client may wrongly send a key. */
const ABOUT_BODY = new Set([413, 415, 422]);

/**
 * Logs the requests that were refused, so that a sender that does not read its answers leaves a trace. A request that
 * the service could not serve is a `warn`, at most ten lines a second. A fault of the client is an `info`, at most one
 * line a second, and otherwise a `debug`. One more line has the number of the others, because a full log or a wrong
 * sender has every request refused.
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
    // A probe sends a request every second, and "not ready" is an expected answer.
    if (request.routeOptions.url === "/readyz") request.log.debug(line, "refused a request");
    else if (status === 503) {
      if (this.#unserved.hasRoom()) request.log.warn({ ...line, detail }, "could not serve a request");
    } else if (this.#refused.hasRoom()) {
      request.log.info(ABOUT_BODY.has(status) ? { ...line, detail } : line, "refused a request");
    } else request.log.debug(line, "refused a request");
  }
}

/**
 * The number of lines a second that may be written. At the end of a second it reports the number of those that were
 * not.
 */
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
 * Returns the fields that describe a request. They omit the query and an unknown path, because a client may have put a
 * key there by mistake.
 */
export function describeRequest({ method, url, is404, routeOptions }: FastifyRequest): {
  method: string;
  path?: string;
} {
  if (is404 || routeOptions.url === undefined) return { method };
  return { method, path: shorten(url.split("?")[0] ?? url) };
}
