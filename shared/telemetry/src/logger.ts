import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";
import { build as buildPretty } from "pino-pretty";

export type { Logger } from "pino";

/** Creates a logger that writes JSON lines to standard output, or readable lines if that is a terminal. */
export function createLogger({ service, level }: { service: string; level: string }): Logger {
  const options = { level, base: { service }, timestamp: stdTimeFunctions.isoTime };
  if (!process.stdout.isTTY) return pino(options);
  return pino(
    options,
    buildPretty({
      ignore: "service",
      messageFormat: "{service}: {msg}",
      singleLine: true,
      translateTime: "HH:MM:ss.l",
      sync: true,
    }) as DestinationStream,
  );
}

/** Masks the secret of a URL for log lines: its password, or a user without a password, which may be a token. */
export function redactUrl(url: string): string {
  const parsed = new URL(url);
  if (parsed.password) parsed.password = "***";
  else if (parsed.username) parsed.username = "***";
  return parsed.toString();
}
