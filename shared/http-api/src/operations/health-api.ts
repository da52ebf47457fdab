import { DurabilityReport } from "@tidemark/domain/durability-schema";
import { z } from "zod";
import type { Operation } from "../operation.ts";
import { problems } from "../problem-schema.ts";

const DiskAnswer = z.object({
  volume: z.enum(["log", "store"]),
  free_bytes: z.int().meta({ description: "The bytes that are free.", example: 40_000_000_000 }),
  size_bytes: z.int().meta({
    description: "The size in bytes. For the log, the bytes that nats-server gives its streams (`max_file_store`).",
    example: 100_000_000_000,
  }),
});

const MissingAnswer = z.object({
  part: z.enum(["gateway", "consumer"]),
  id: z.string().meta({
    description: "The id that the process has logged at its start.",
    example: "0193a7a8-5f0e-7c6e-9d3b-0f5d8a4b2c11",
  }),
  silent_since: z
    .string()
    .meta({ description: "The time of its last heartbeat.", example: "2025-10-23T10:00:00.000Z", format: "date-time" }),
});

export const HealthAnswer = z
  .object({
    status: z.enum(["healthy", "unhealthy"]),
    consumer_running: z
      .boolean()
      .meta({ description: "True if a consumer sent a heartbeat within the last five seconds." }),
    gateway_running: z.boolean().meta({
      description:
        "True if a gateway sent a heartbeat within the last five seconds, and has not ended since. A gateway that hangs sends none.",
    }),
    queue_size: z
      .int()
      .nullable()
      .meta({ description: "The number of events without a verdict yet; `null` if it is not known.", example: 0 }),
    log_bytes: z
      .int()
      .nullable()
      .meta({ description: "The bytes that the log holds; `null` if it is not known.", example: 0 }),
    log_max_bytes: z.int().nullable().meta({
      description: "The bytes that the log may hold. A full log refuses events with 503.",
      example: 1_073_741_824,
    }),
    disks: z.array(DiskAnswer).meta({
      description: "The disks whose free room is known: in single that of the store, in the stack that of the log.",
    }),
    missing: z.array(MissingAnswer).meta({
      description:
        "The gateways and consumers that this process has heard within the last hour and that are silent now, although they did " +
        "not end in order; 20 at most, those that fell silent last first. One that was started again has another id.",
    }),
    durability: DurabilityReport.meta({
      description:
        "Tells whether confirmed events survive a power failure, according to the settings of the log and the store.",
    }),
    timestamp: z.string().meta({ example: "2025-10-23T10:00:00.000Z", format: "date-time" }),
    reasons: z
      .array(z.string())
      .optional()
      .meta({ description: "The reasons why the system is not healthy.", example: ["the store cannot be reached"] }),
  })
  .meta({ id: "Health" });

export type HealthAnswer = z.infer<typeof HealthAnswer>;

export const readHealth = {
  method: "get",
  path: "/health",
  scope: "none",
  operationId: "readHealth",
  tags: ["Health"],
  summary: "Read the health of the whole system",
  description:
    "The system is healthy if the store and the log answer, if a consumer runs and reaches the store, and if a gateway " +
    "runs. A single process is unhealthy as well while its oldest queued event has waited for more than ten seconds, and " +
    "after it found a damaged page in its database file.",
  responses: {
    "200": {
      description: "Healthy.",
      content: {
        "application/json": {
          schema: HealthAnswer,
          example: {
            status: "healthy",
            consumer_running: true,
            gateway_running: true,
            queue_size: 0,
            log_bytes: 0,
            log_max_bytes: 1_073_741_824,
            disks: [{ volume: "log", free_bytes: 40_000_000_000, size_bytes: 100_000_000_000 }],
            missing: [],
            durability: { status: "safe", findings: [] },
            timestamp: "2025-10-23T10:00:00.000Z",
          },
        },
      },
    },
    "503": {
      description: "Not healthy. `reasons` lists the causes.",
      content: {
        "application/json": {
          schema: HealthAnswer,
          example: {
            status: "unhealthy",
            consumer_running: false,
            gateway_running: true,
            queue_size: null,
            log_bytes: null,
            log_max_bytes: null,
            disks: [],
            missing: [
              {
                part: "consumer",
                id: "0193a7a8-5f0e-7c6e-9d3b-0f5d8a4b2c11",
                silent_since: "2025-10-23T09:59:54.000Z",
              },
            ],
            durability: {
              status: "unknown",
              findings: [{ part: "store", detail: "no consumer reports the settings of the store" }],
            },
            timestamp: "2025-10-23T10:00:00.000Z",
            reasons: ["no consumer sent a heartbeat within 5 seconds"],
          },
        },
      },
    },
    ...problems(),
  },
} satisfies Operation;

const Alive = z.object({ status: z.literal("alive") });
const Ready = z.object({ status: z.literal("ready") });

export const readLiveness = {
  method: "get",
  path: "/livez",
  scope: "none",
  operationId: "readLiveness",
  tags: ["Health"],
  summary: "Read whether the process runs",
  responses: {
    "200": {
      description: "The process runs.",
      content: { "application/json": { schema: Alive, example: { status: "alive" } } },
    },
    ...problems(),
  },
} satisfies Operation;

export const readReadiness = {
  method: "get",
  path: "/readyz",
  scope: "none",
  operationId: "readReadiness",
  tags: ["Health"],
  summary: "Read whether the process can do its work",
  responses: {
    "200": {
      description: "Everything that the process depends on answers.",
      content: { "application/json": { schema: Ready, example: { status: "ready" } } },
    },
    ...problems("not_ready"),
  },
} satisfies Operation;
