import { NotDurable } from "@tidemark/domain/durability";
import type { Logger } from "@tidemark/telemetry/logger";
import { InvalidSettings, warnOfMisspelled } from "./read-settings.ts";
import { VERSION } from "./version.ts";

/** Registers a closer. When the process stops, the closer that was registered last runs first. */
export type OnClose = (name: string, close: () => unknown) => void;

export interface ProcessOptions {
  logger: Logger;
  shutdownDeadlineMs: number;
}

const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

// npm forwards a signal that the terminal has delivered already, so the first one may arrive twice.
const SECOND_SIGNAL_AFTER_MS = 1_000;

/**
 * Runs a process until a signal or a crash. Its states are:
 *
 * - starting: `start` opens things. If it fails, the closers run and the process ends with 1.
 * - running: a signal or a crash leads to stopping.
 * - stopping: the closers run, each even if another one failed. The process ends with 0 after a signal, and with 1 after
 *   a crash, a failed closer or the deadline. A further crash, or a second signal more than a second after the first one,
 *   ends it with 1 at once.
 */
export async function runProcess(
  { logger, shutdownDeadlineMs }: ProcessOptions,
  start: (onClose: OnClose) => Promise<void>,
): Promise<void> {
  const closers: Closer[] = [];
  let stoppingSinceMs: number | undefined;

  async function stop(exitCode: 0 | 1): Promise<void> {
    stoppingSinceMs = Date.now();
    logger.info({ deadlineMs: shutdownDeadlineMs }, "stopping");
    setTimeout(() => {
      logger.error({ deadlineMs: shutdownDeadlineMs }, "could not stop in time");
      process.exit(1);
    }, shutdownDeadlineMs);
    const isClean = await closeAll(closers, logger);
    logger.info("stopped");
    process.exit(isClean ? exitCode : 1);
  }

  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      if (stoppingSinceMs === undefined) void stop(0);
      else if (Date.now() - stoppingSinceMs > SECOND_SIGNAL_AFTER_MS) process.exit(1);
    });
  }
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
      logger.fatal({ err: error }, "crashed");
      if (stoppingSinceMs === undefined) void stop(1);
      else process.exit(1);
    });
  }

  logger.info({ version: VERSION, node: process.versions.node }, "starting");
  warnOfMisspelled(logger);
  try {
    await start((name, close) => closers.push({ name, close }));
  } catch (error) {
    if (stoppingSinceMs !== undefined) return; // stopped while starting: the closers run already
    logFailedStart(logger, error);
    await closeAll(closers, logger);
    process.exit(1);
  }
}

interface Closer {
  name: string;
  close: () => unknown;
}

/** Runs the closers, the last one first, including those that are added meanwhile. Returns false if one failed. */
async function closeAll(closers: Closer[], logger: Logger): Promise<boolean> {
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
}

/**
 * Logs a fault that an operator can correct without a stack trace: a port in use, a folder without permission, a
 * setting.
 */
function logFailedStart(logger: Logger, error: unknown): void {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") logger.fatal(`could not start: ${message}; choose another PORT or METRICS_PORT`);
  else if (error instanceof NotDurable) logger.fatal(`could not start: ${message}`);
  else if (code !== undefined) logger.fatal({ code }, `could not start: ${message}`);
  else logger.fatal({ err: error }, "could not start");
}

/** Reads the settings. If they are invalid, writes each fault as a line to standard error and ends the process with 1. */
export function settingsOrExit<Settings>(read: () => Settings): Settings {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InvalidSettings)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
