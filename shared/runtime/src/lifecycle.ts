import { NotDurable } from "@tidemark/domain/durability";
import type { Logger } from "@tidemark/telemetry/logger";
import closeWithGrace from "close-with-grace";
import { InvalidSettings } from "./settings.ts";

/** Takes the closers of what a process opens; they run last-opened-first when it stops. */
export type OnClose = (name: string, close: () => unknown) => void;

export interface ProcessOptions {
  logger: Logger;
  shutdownDeadlineMs: number;
}

/**
 * Runs a process until a signal or a crash, then closes what it opened, the last first, each even if another failed, all
 * under one deadline. Ends with 0 after a clean stop, 1 otherwise. A second signal, more than a second after the first
 * (npm delivers the first one twice), ends it at once.
 */
export async function runProcess(
  { logger, shutdownDeadlineMs }: ProcessOptions,
  start: (onClose: OnClose) => Promise<void>,
): Promise<void> {
  const closers: { name: string; close: () => unknown }[] = [];
  let stopping: Promise<boolean> | undefined;
  const closeAll = async () => {
    let isClean = true;
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) {
      try {
        await closer.close();
      } catch (error) {
        isClean = false;
        logger.error({ err: error, part: closer.name }, "could not close");
      }
    }
    return isClean;
  };

  const { close } = closeWithGrace(
    {
      delay: shutdownDeadlineMs,
      skip: ["SIGINT", "SIGTERM"],
      logger: false,
      onTimeout: () => logger.error({ deadlineMs: shutdownDeadlineMs }, "could not stop in time"),
    },
    async ({ err }) => {
      if (err) logger.fatal({ err }, "crashed");
      logger.info({ deadlineMs: shutdownDeadlineMs }, "stopping");
      stopping ??= closeAll();
      const isClean = await stopping;
      logger.info("stopped");
      if (!isClean) throw new Error("not everything could be closed"); // exit code 1
    },
  );
  let stoppingSince = 0;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (stoppingSince === 0) {
        stoppingSince = Date.now();
        void close();
      } else if (Date.now() - stoppingSince > 1_000) process.exit(1);
    });
  }

  try {
    await start((name, closer) => closers.push({ name, close: closer }));
  } catch (error) {
    if (stoppingSince !== 0) return; // stopped while starting: the closers run already
    logFailedStart(logger, error);
    await closeAll();
    process.exit(1);
  }
}

/** A port in use, a folder that may not be written or a setting is the operator's to mend: no stack trace helps with it. */
function logFailedStart(logger: Logger, error: unknown): void {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") logger.fatal(`could not start: ${message}; choose another PORT`);
  else if (error instanceof NotDurable) logger.fatal(`could not start: ${message}`);
  else if (code !== undefined) logger.fatal({ code }, `could not start: ${message}`);
  else logger.fatal({ err: error }, "could not start");
}

/**
 * Reads the settings; where they are wrong, says so on standard error, one line each, and ends the process with 1.
 */
export function settingsOrExit<Settings>(read: () => Settings): Settings {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InvalidSettings)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
