import { MAX_FRAME_EVENTS } from "@tidemark/domain/frame";
import { COMPARED_FIELDS } from "@tidemark/domain/verdict";
import { SAMPLERS } from "@tidemark/telemetry/tracing/sampler-names";
import { z } from "zod";
import { addressRanges } from "./limits/address-ranges.ts";

/** Creates the schema of an environment variable that is a whole number in a range. */
export function wholeNumber({ min, max, preset }: { min: number; max: number; preset: number }) {
  return z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))
    .prefault(String(preset));
}

/** Creates the schema of an environment variable that is true or false, in any case. */
export function flag(preset: boolean) {
  return z
    .string()
    .toLowerCase()
    .pipe(z.enum(["true", "false"], { error: "must be true or false" }))
    .transform((text) => text === "true")
    .prefault(preset ? "true" : "false");
}

/** Creates the schema of an environment variable that is a list, separated by commas. */
function list(isValid: (entry: string) => boolean, error: string) {
  return z
    .string()
    .transform((text) => text.split(",").map((entry) => entry.trim().toLowerCase()))
    .refine((entries) => entries.every(isValid), { error })
    .optional();
}

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/** The settings of every process. */
export const ProcessSettings = z.object({
  LOG_LEVEL: z
    .string()
    .toLowerCase()
    .pipe(z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(", ")}` }))
    .prefault("info"),
  SHUTDOWN_DEADLINE_MS: wholeNumber({ min: 100, max: 600_000, preset: 25_000 }),
});

/** Pairs such as `key=value,key2=value2`, percent-encoded where they hold a comma (W3C Baggage, as OpenTelemetry wants). */
function pairs() {
  const decode = (text: string) =>
    text.split(",").map((pair) => /^\s*([\w.-]+)\s*=\s*(.*?)\s*$/.exec(pair)?.slice(1).map(decodeURIComponent) ?? []);
  return z
    .string()
    .refine(
      (text) => {
        try {
          return decode(text).every(({ length }) => length === 2);
        } catch {
          return false; // a percent sign that encodes nothing
        }
      },
      { error: "must be pairs such as key=value,key2=value2" },
    )
    .transform((text): Record<string, string> => Object.fromEntries(decode(text)))
    .optional();
}

/**
 * The settings of tracing, with the names of OpenTelemetry's specification. Without a collector nothing is traced, and
 * the SDK of OpenTelemetry is not loaded.
 */
export const TracingSettings = z.object({
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: "must be the http or https URL of a collector, such as http://localhost:4318" })
    .optional(),
  OTEL_EXPORTER_OTLP_HEADERS: pairs(),
  OTEL_RESOURCE_ATTRIBUTES: pairs(),
  OTEL_TRACES_SAMPLER: z
    .enum(SAMPLERS, { error: `must be one of ${SAMPLERS.join(", ")}` })
    .default("parentbased_always_on"),
  OTEL_TRACES_SAMPLER_ARG: z.coerce
    .number({ error: "must be a number from 0 to 1" })
    .min(0, "must be a number from 0 to 1")
    .max(1, "must be a number from 0 to 1")
    .default(1),
  OTEL_BSP_SCHEDULE_DELAY: wholeNumber({ min: 10, max: 600_000, preset: 5_000 }),
  TRACES_PER_SECOND: wholeNumber({ min: 1, max: 100_000, preset: 100 }),
});

/** The settings of every process that listens for HTTP. */
export const HttpSettings = z.object({
  HOST: z.string().default("127.0.0.1"),
  PORT: wholeNumber({ min: 0, max: 65_535, preset: 8080 }),
  MAX_CONNECTIONS: wholeNumber({ min: 10, max: 1_000_000, preset: 10_000 }),
  TRUSTED_PROXIES: addressRanges(),
  ALLOWED_HOSTS: list(
    (host) => /^(\*|(\*\.)?[\w-]+(\.[\w-]+)*)$/.test(host),
    "must be names without ports, such as tidemark.example.com,*.example.com, or * for every name",
  ),
  CORS_ORIGINS: list(
    (origin) => /^https?:/.test(origin) && URL.parse(origin)?.origin === origin,
    "must be origins such as https://app.example.com,http://localhost:3000",
  ),
});

/** The port at which a service of the stack has its metrics. 0: none. */
export const MetricsSettings = z.object({ METRICS_PORT: wholeNumber({ min: 0, max: 65_535, preset: 0 }) });

/** The keys that clients need. Without the file, every client that reaches the service may use it. */
export const AccessSettings = z.object({ API_KEYS_FILE: z.string().optional() });
const SigningKeys = z
  .string({
    error:
      "must be set, to the same value for every gateway and query: a secret of at least 32 characters, " +
      "made for example with `openssl rand -hex 32`",
  })
  .transform((text) => text.split(",").map((key) => key.trim()))
  .refine((keys) => keys.every(({ length }) => length >= 32), {
    error: "must be a secret of at least 32 characters, or several with commas between them: the first one signs",
  });

/** The key that signs cursors and receipts. Single makes one itself if there is none. */
export const SigningSettings = z.object({ SIGNING_KEY: SigningKeys.optional() });

/** The processes of the stack must accept the signatures of each other. */
export const StackSigningSettings = z.object({ SIGNING_KEY: SigningKeys });

/** The limits of a publish request. */
export const IntakeSettings = z.object({
  MAX_BATCH_EVENTS: wholeNumber({ min: 1, max: MAX_FRAME_EVENTS, preset: 10_000 }),
  MAX_BODY_BYTES: wholeNumber({ min: 1_000, max: 64_000_000, preset: 8_000_000 }),
  RATE_LIMIT_EVENTS_PER_SECOND: wholeNumber({ min: 0, max: 1_000_000_000, preset: 0 }),
  RATE_LIMIT_BYTES_PER_SECOND: wholeNumber({ min: 0, max: 1_000_000_000_000, preset: 0 }),
  PUBLISH_WAIT_MS: wholeNumber({ min: 0, max: 60_000, preset: 2_000 }),
});

/** The parameters of a new event log. Every service that may be the first to start has them. */
export const LogSettings = z.object({
  LOG_MAX_BYTES: wholeNumber({ min: 1_000_000, max: 1_000_000_000_000, preset: 1_073_741_824 }),
  LOG_REPLICAS: wholeNumber({ min: 1, max: 5, preset: 1 }),
});

/** Whether a process refuses to start if a power failure could lose events that it has confirmed. */
export const DurabilitySettings = z.object({ REQUIRE_DURABLE: flag(false) });

/** The HTTP address at which nats-server reports its own settings. */
export const MonitorSettings = z.object({
  NATS_MONITOR_URL: z.url({ protocol: /^https?$/, error: "must be a URL such as http://localhost:8222" }).optional(),
});

const COMPARED = COMPARED_FIELDS.join(",");

/**
 * The fields whose difference makes a duplicate a conflict. The source stays one of them: the ids of different sources are
 * independent, and the erasure of an event finds sources that differ only in conflicts.
 */
export const ConflictSettings = z.object({
  CONFLICT_FIELDS: z
    .string()
    .transform((text) => text.split(",").map((entry) => entry.trim().toLowerCase()))
    .pipe(z.array(z.enum(COMPARED_FIELDS, { error: `must be some of ${COMPARED}` })))
    .refine((fields) => fields.includes("source"), { error: "must contain source" })
    .prefault(COMPARED),
});

/** The retention of data that the books do not need. */
export const RetentionSettings = z.object({
  DUPLICATE_LOG_DAYS: wholeNumber({ min: 0, max: 3_650, preset: 7 }),
  HISTORY_DAYS: wholeNumber({ min: 1, max: 3_650, preset: 30 }),
  /** 0 keeps payloads indefinitely. */
  RETENTION_DAYS: wholeNumber({ min: 0, max: 36_500, preset: 0 }),
  RETENTION_BUSY_PERCENT: wholeNumber({ min: 1, max: 50, preset: 5 }),
  MAX_CONFLICTS_KEPT: wholeNumber({ min: 0, max: 1_000, preset: 100 }),
});

/** The address of the broker of the stack, and the credentials of both sides. */
export const BrokerSettings = z.object({
  NATS_URL: z.url({ protocol: /^(nats|tls)$/, error: "must be a NATS URL such as nats://localhost:4222" }),
  NATS_CREDS_FILE: z.string().optional(),
  NATS_CA_FILE: z.string().optional(),
});

/**
 * The last check of a schema with `BrokerSettings`: `schema.refine(...CA_NEEDS_TLS)`. A client that is given an authority and
 * a `nats://` URL would ignore the authority and send its password unencrypted.
 */
export const CA_NEEDS_TLS = [
  ({ NATS_CA_FILE, NATS_URL }: Partial<z.infer<typeof BrokerSettings>>) =>
    NATS_CA_FILE === undefined || !/^nats:/i.test(NATS_URL ?? ""),
  {
    path: ["NATS_CA_FILE"] as PropertyKey[],
    error: "works only with TLS: NATS_URL must begin with tls://",
    when: () => true, // even if there are other faults, so that all are reported together
  },
] as const;

/** The addresses of the broker and the database of the stack. */
export const StackSettings = BrokerSettings.extend({
  DATABASE_URL: z.url({
    protocol: /^postgres(ql)?$/,
    error: "must be a PostgreSQL URL such as postgres://user:password@localhost:5432/tidemark",
  }),
});

/** The database to migrate, with the role that owns its tables. */
export const MigrateSettings = ProcessSettings.pick({ LOG_LEVEL: true }).extend({
  DATABASE_URL: StackSettings.shape.DATABASE_URL,
});

/** The file that holds the store of single. */
export const StoreFileSettings = z.object({ DATABASE_PATH: z.string().default("data/tidemark.db") });

/** The size of the queue of single. */
export const QueueSettings = z.object({
  QUEUE_MAX_SIZE: wholeNumber({ min: 1, max: 10_000_000, preset: 10_000 }),
});

/** The database that the command line reads, unless its arguments name one. */
export const AdminSettings = z.object({
  DATABASE_URL: StackSettings.shape.DATABASE_URL.optional(),
  DATABASE_PATH: StoreFileSettings.shape.DATABASE_PATH,
});

/** The store that is backed up or restored, and the log of a stack. */
export const BackupSettings = AdminSettings.extend({
  NATS_URL: StackSettings.shape.NATS_URL.optional(),
  NATS_CREDS_FILE: StackSettings.shape.NATS_CREDS_FILE,
  NATS_CA_FILE: StackSettings.shape.NATS_CA_FILE,
  ...LogSettings.shape,
}).refine(...CA_NEEDS_TLS);

/** The address that the publisher sends to, and its key if the API requires one. */
export const PublisherSettings = z.object({
  AGGREGATOR_URL: z
    .url({ protocol: /^https?$/, error: "must be an http or https URL" })
    .default("http://localhost:8080/publish"),
  API_KEY: z.string().optional(),
});

/**
 * The settings that only docker-compose.yml and the files in deploy/ read. They are listed here so that `.env` may
 * contain them.
 */
export const ComposeSettings = z.object({
  BIND: z.string().default("127.0.0.1"),
  EDGE_REQUESTS_PER_SECOND: wholeNumber({ min: 1, max: 1_000_000, preset: 10_000 }),
  EDGE_REQUESTS_AT_A_TIME: wholeNumber({ min: 1, max: 8_000, preset: 1_000 }),
  EDGE_LARGE_BODIES_AT_A_TIME: wholeNumber({ min: 1, max: 8_000, preset: 6 }),
  EDGE_ACCESS_LOG: z.enum(["all", "failures", "off"]).default("all"),
  GATEWAY_REPLICAS: wholeNumber({ min: 0, max: 100, preset: 1 }),
  CONSUMER_REPLICAS: wholeNumber({ min: 0, max: 100, preset: 1 }),
  QUERY_REPLICAS: wholeNumber({ min: 0, max: 100, preset: 1 }),
  PROMETHEUS_PORT: wholeNumber({ min: 1, max: 65_535, preset: 9090 }),
  GRAFANA_PORT: wholeNumber({ min: 1, max: 65_535, preset: 3000 }),
  DATABASE_READER_URL: z.string().optional(),
  DATABASE_OWNER_URL: z.string().optional(),
  TLS_FOLDER: z.string().default("./tls"),
  TLS_PORT: wholeNumber({ min: 1, max: 65_535, preset: 8443 }),
  API_KEYS_FOLDER: z.string().optional(),
  COMPOSE_FILE: z.string().optional(),
  TIDEMARK_IMAGE: z.string().default("tidemark"),
  BASE_URL: z.string().default("http://edge:8080"),
});
