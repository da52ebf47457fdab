import { Unavailable } from "@tidemark/domain/errors";
import { coalesce } from "@tidemark/runtime/coalesce";
import { within } from "@tidemark/runtime/health";
import { retryAfterSeconds, spreadSeconds } from "@tidemark/runtime/retry-after";
import type { GatewayLog } from "./late-log.ts";
import type { StoreWatch } from "./store-watch.ts";

export interface RetryAdviceOptions {
  log: Pick<GatewayLog, "look">;
  watch: Pick<StoreWatch, "drain">;
}

// A store that is down makes no room. It takes about as long to start a database again.
const STORE_DOWN_SECONDS = 30;
const LOOK_TIMEOUT_MS = 1_000;
const LOOK_HOLDS_MS = 1_000;

/** Tells clients that a full log refuses when to come back: by what is in the log, and how fast consumers take it out. */
export class RetryAdvice {
  readonly #watch: Pick<StoreWatch, "drain">;
  readonly #look: (key: "all") => Promise<number>;
  #backlog: { events: number; lookedAtMs: number } | undefined;

  constructor({ log, watch }: RetryAdviceOptions) {
    this.#watch = watch;
    this.#look = coalesce(async () => (await within(LOOK_TIMEOUT_MS, log.look())).events);
  }

  /** Throws the error again, the refusals of a full log with the seconds until there is room. */
  async rethrow(error: unknown): Promise<never> {
    if (!(error instanceof Unavailable)) throw error;
    const { code, message: detail, cause } = error;
    if (code !== "log_full" && code !== "queue_full") throw error;
    throw new Unavailable({ code, detail, cause, retryAfterSeconds: await this.#secondsUntilRoom() });
  }

  async #secondsUntilRoom(): Promise<number> {
    const { isStoreDown, eventsPerSecond } = this.#watch.drain();
    if (isStoreDown) return spreadSeconds(STORE_DOWN_SECONDS);
    const events = await this.#countEvents();
    return retryAfterSeconds({ size: events ?? 0, perSecond: events === undefined ? undefined : eventsPerSecond });
  }

  /** What was in the log within the last second; undefined when it cannot be asked. */
  async #countEvents(): Promise<number | undefined> {
    const now = performance.now();
    if (this.#backlog === undefined || now - this.#backlog.lookedAtMs > LOOK_HOLDS_MS) {
      try {
        this.#backlog = { events: await this.#look("all"), lookedAtMs: now };
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        this.#backlog = undefined;
      }
    }
    return this.#backlog?.events;
  }
}
