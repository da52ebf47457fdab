import type { Logger } from "@tidemark/telemetry/logger";
import type { RequestNames } from "./request-id.ts";

type Line = Parameters<Logger["info"]>;

/**
 * The logger of one request: each of its lines carries the names of the request. The child logger is created with the
 * first line, because most requests write no line, and a child logger for each request would cost 3 % of a publish.
 */
export class RequestLogger {
  readonly #parent: Logger;
  readonly #names: RequestNames;
  #child: Logger | undefined;

  constructor(parent: Logger, names: RequestNames) {
    this.#parent = parent;
    this.#names = names;
  }

  get #named(): Logger {
    this.#child ??= this.#parent.child(this.#names);
    return this.#child;
  }

  get level(): string {
    return this.#parent.level;
  }

  isLevelEnabled(level: string): boolean {
    return this.#parent.isLevelEnabled(level);
  }

  child(...options: Parameters<Logger["child"]>) {
    return this.#named.child(...options);
  }

  trace(...line: Line): void {
    if (this.isLevelEnabled("trace")) this.#named.trace(...line);
  }

  debug(...line: Line): void {
    if (this.isLevelEnabled("debug")) this.#named.debug(...line);
  }

  info(...line: Line): void {
    this.#named.info(...line);
  }

  warn(...line: Line): void {
    this.#named.warn(...line);
  }

  error(...line: Line): void {
    this.#named.error(...line);
  }

  fatal(...line: Line): void {
    this.#named.fatal(...line);
  }

  silent(): void {}
}
