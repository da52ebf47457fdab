import { type Durability, SAFE } from "@tidemark/domain/durability";
import { Unavailable } from "@tidemark/domain/errors";
import type { Logger } from "@tidemark/telemetry/logger";
import pRetry from "p-retry";

const LOOK_EVERY_MS = 10_000;
const FIRST_RETRY_MS = 250;

export interface DurabilityWatchOptions {
  /** What the settings are at this moment. @throws {Unavailable} when the part is away */
  read: () => Promise<Durability>;
  log: Logger;
}

export interface DurabilityWatch {
  /** What was last seen. While the part is away that is what it was before: nothing is confirmed meanwhile. */
  readonly current: Durability;
  stop(): void;
}

/**
 * Looks at the settings now (waiting for a part that is away) and every ten seconds, for a part may be started again with
 * others. Warns in the log of what is not safe: at the start, and whenever it changes.
 */
export async function watchDurability({ read, log }: DurabilityWatchOptions): Promise<DurabilityWatch> {
  let current = SAFE;

  function note(seen: Durability): void {
    if (JSON.stringify(seen) === JSON.stringify(current)) return;
    current = seen;
    const { status, findings } = seen;
    if (status === "safe") log.info("what is confirmed survives the loss of power again");
    else if (status === "unsafe") log.warn({ findings }, "what is confirmed can be lost with the power");
    else log.warn({ findings }, "whether what is confirmed survives the loss of power is not known");
  }

  async function look(): Promise<void> {
    try {
      note(await read());
    } catch (error) {
      if (!(error instanceof Unavailable)) log.error({ err: error }, "could not look at the durability settings");
    }
  }

  const first = await pRetry(read, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: FIRST_RETRY_MS,
    maxTimeout: LOOK_EVERY_MS,
    shouldRetry: ({ error }) => error instanceof Unavailable,
  });
  note(first);
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  timer.unref();
  return {
    get current() {
      return current;
    },
    stop: () => clearInterval(timer),
  };
}
