import { readFileSync } from "node:fs";
import { MAX_FRAME_EVENTS } from "@tidemark/domain/frame";
import { z } from "zod";

/** The settings are wrong: names every one that is, with what it may be. The process must not start. */
export class InvalidSettings extends Error {
  override readonly name = "InvalidSettings";
}

/**
 * Reads a service's settings from the environment. Keys of the schema are the variables' names; an empty variable counts
 * as unset. Each may also come from a file: `DATABASE_URL_FILE=/run/secrets/url` sets `DATABASE_URL`.
 *
 * @throws {InvalidSettings} naming all faults at once
 */
export function readSettings<Schema extends z.ZodObject>(
  schema: Schema,
  environment: Record<string, string | undefined> = process.env,
): z.infer<Schema> {
  const values: Record<string, string> = {};
  const faults: string[] = [];
  for (const name of Object.keys(schema.shape)) {
    const value = environment[name];
    const file = environment[`${name}_FILE`];
    if (value && file) faults.push(`${name}: set it or ${name}_FILE, not both`);
    else if (value) values[name] = value;
    else if (file) {
      try {
        values[name] = readFileSync(file, "utf8").trim();
      } catch (error) {
        faults.push(`${name}_FILE: cannot read ${file}: ${(error as Error).message}`);
      }
    }
  }
  const parsed = schema.safeParse(values);
  if (!parsed.success) faults.push(...parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`));
  if (!parsed.success || faults.length > 0) throw new InvalidSettings(`settings refused:\n  ${faults.join("\n  ")}`);
  return parsed.data;
}

/** A whole number in a range, from an environment variable. */
export function wholeNumber({ min, max, preset }: { min: number; max: number; preset: number }) {
  return z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))
    .prefault(String(preset));
}

export function flag(preset: boolean) {
  return z
    .enum(["true", "false"], { error: "must be true or false" })
    .transform((text) => text === "true")
    .prefault(preset ? "true" : "false");
}

/** Settings that every process has. */
export const ProcessSettings = z.object({
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
  SHUTDOWN_DEADLINE_MS: wholeNumber({ min: 100, max: 600_000, preset: 25_000 }),
});

/** Settings of every process that listens for HTTP. */
export const HttpSettings = z.object({
  HOST: z.string().default("127.0.0.1"),
  PORT: wholeNumber({ min: 0, max: 65_535, preset: 8080 }),
});

/** What a request may carry. */
export const IntakeSettings = z.object({
  MAX_BATCH_EVENTS: wholeNumber({ min: 1, max: MAX_FRAME_EVENTS, preset: 10_000 }),
  MAX_BODY_BYTES: wholeNumber({ min: 1_000, max: 64_000_000, preset: 8_000_000 }),
  PUBLISH_WAIT_MS: wholeNumber({ min: 0, max: 60_000, preset: 2_000 }),
});

/** How the log is made: the same for every service that may be the first to start. */
export const LogSettings = z.object({
  LOG_MAX_BYTES: wholeNumber({ min: 1_000_000, max: 1_000_000_000_000, preset: 1_073_741_824 }),
  LOG_REPLICAS: wholeNumber({ min: 1, max: 5, preset: 1 }),
});

/** Whether a process refuses to start where what it confirms could be lost with the power. */
export const DurabilitySettings = z.object({ REQUIRE_DURABLE: flag(false) });

/** Where nats-server tells its own settings: not over the protocol, but over HTTP. */
export const MonitorSettings = z.object({
  NATS_MONITOR_URL: z.url({ protocol: /^https?$/, error: "must be a URL such as http://localhost:8222" }).optional(),
});

/** How long what is not needed for the books is kept. */
export const RetentionSettings = z.object({
  DUPLICATE_LOG_DAYS: wholeNumber({ min: 0, max: 3_650, preset: 7 }),
});

/** Where the stack's services find each other. */
export const StackSettings = z.object({
  NATS_URL: z.url({ protocol: /^(nats|tls)$/, error: "must be a NATS URL such as nats://localhost:4222" }),
  DATABASE_URL: z.url({
    protocol: /^postgres(ql)?$/,
    error: "must be a PostgreSQL URL such as postgres://user:password@localhost:5432/tidemark",
  }),
});

/** Which database the command line looks into, where its arguments do not say. */
export const AdminSettings = z.object({
  DATABASE_URL: StackSettings.shape.DATABASE_URL.optional(),
  DATABASE_PATH: z.string().default("data/tidemark.db"),
});

/** Where the publisher sends to, and the key it shows when the API is not open. */
export const PublisherSettings = z.object({
  AGGREGATOR_URL: z
    .url({ protocol: /^https?$/, error: "must be an http or https URL" })
    .default("http://localhost:8080/publish"),
  API_KEY: z.string().optional(),
});
