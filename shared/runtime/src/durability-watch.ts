import type { Durability, DurabilityFinding } from "@tidemark/domain/durability";
import { SAFE } from "@tidemark/domain/durability";
import { Unavailable } from "@tidemark/domain/errors";
import type { Logger } from "@tidemark/telemetry/logger";
import pRetry from "p-retry";

// The settings are polled, because a reload of PostgreSQL's settings can turn fsync off without breaking a connection.
const LOOK_EVERY_MS = 10_000;
const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 1_000;

export interface DurabilityWatchOptions {
  part: DurabilityFinding["part"];
  /** Reads the settings as they are now. @throws {Unavailable} when the part is down */
  read: () => Promise<Durability>;
  logger: Logger;
}

export interface DurabilityWatch {
  /** Resolves with the first settings that were read. Stays pending while the part is down, and after `stop`. */
  readonly first: Promise<Durability>;
  /**
   * The last settings that were read; unknown before that. They are kept while the part is down, because it then
   * confirms nothing.
   */
  readonly current: Durability;
  stop(): void;
}

/**
 * Reads the settings of a part now and every ten seconds. Logs a warning when they are not safe: at the start, and
 * whenever they change.
 */
export function startDurabilityWatch({ part, read, logger }: DurabilityWatchOptions): DurabilityWatch {
  const stopping = new AbortController();
  let current: Durability = {
    status: "unknown",
    findings: [{ part, detail: `the settings of the ${part} were not read yet` }],
  };
  let reported = SAFE;
  let timer: NodeJS.Timeout | undefined;

  function note(seen: Durability): void {
    current = seen;
    if (JSON.stringify(seen) === JSON.stringify(reported)) return;
    reported = seen;
    const { status, findings } = seen;
    if (status === "safe") logger.info("confirmed events survive a loss of power again");
    else if (status === "unsafe") logger.warn({ findings }, "confirmed events can be lost with the power");
    else logger.warn({ findings }, "it is unknown whether confirmed events survive a loss of power");
  }

  async function look(): Promise<void> {
    try {
      note(await read());
    } catch (error) {
      if (!(error instanceof Unavailable)) logger.error({ err: error }, "could not read the durability settings");
    }
    lookLater();
  }

  function lookLater(): void {
    if (!stopping.signal.aborted) timer = setTimeout(() => void look(), LOOK_EVERY_MS).unref();
  }

  async function lookFirst(): Promise<Durability> {
    const seen = await pRetry(read, {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: FIRST_RETRY_MS,
      maxTimeout: MAX_RETRY_MS,
      shouldRetry: ({ error }) => error instanceof Unavailable && !stopping.signal.aborted,
    }).catch((error) => {
      if (stopping.signal.aborted) return new Promise<never>(() => {});
      throw error;
    });
    note(seen);
    lookLater();
    return seen;
  }

  return {
    first: lookFirst(),
    get current() {
      return current;
    },
    stop() {
      stopping.abort();
      clearTimeout(timer);
    },
  };
}
