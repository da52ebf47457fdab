import { Durability } from "@tidemark/domain/durability";
import { z } from "zod";
import type { Operation } from "../operation.ts";
import { problems } from "../problem-schema.ts";

export const HealthAnswer = z
  .object({
    status: z.enum(["healthy", "unhealthy"]),
    consumer_running: z.boolean().meta({ description: "Whether a consumer was heard of within five seconds." }),
    queue_size: z.int().nullable().meta({ description: "Events not judged yet; `null`: not known.", example: 0 }),
    durability: Durability.meta({
      description:
        "Whether what has been confirmed survives the loss of power, by the settings of the log and the store.",
    }),
    timestamp: z.string().meta({ example: "2025-10-23T10:00:00.000Z", format: "date-time" }),
    reasons: z
      .array(z.string())
      .optional()
      .meta({ description: "Why it is not healthy.", example: ["the store cannot be reached"] }),
  })
  .meta({ id: "Health" });

export type HealthAnswer = z.infer<typeof HealthAnswer>;

export const readHealth = {
  method: "get",
  path: "/health",
  operationId: "readHealth",
  tags: ["Health"],
  summary: "Whether the whole of it works",
  description: "Whether the store and the log answer and a consumer runs that reaches the store.",
  responses: {
    "200": {
      description: "Healthy.",
      content: {
        "application/json": {
          schema: HealthAnswer,
          example: {
            status: "healthy",
            consumer_running: true,
            queue_size: 0,
            durability: { status: "safe", findings: [] },
            timestamp: "2025-10-23T10:00:00.000Z",
          },
        },
      },
    },
    "503": {
      description: "Not healthy; `reasons` says why.",
      content: {
        "application/json": {
          schema: HealthAnswer,
          example: {
            status: "unhealthy",
            consumer_running: false,
            queue_size: null,
            durability: {
              status: "unknown",
              findings: [{ part: "store", detail: "no consumer reports the settings of the store" }],
            },
            timestamp: "2025-10-23T10:00:00.000Z",
            reasons: ["no consumer was heard of within 5 seconds"],
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
  operationId: "readLiveness",
  tags: ["Health"],
  summary: "Whether the process runs",
  responses: {
    "200": {
      description: "It runs.",
      content: { "application/json": { schema: Alive, example: { status: "alive" } } },
    },
    ...problems(),
  },
} satisfies Operation;

export const readReadiness = {
  method: "get",
  path: "/readyz",
  operationId: "readReadiness",
  tags: ["Health"],
  summary: "Whether the process can do its work",
  responses: {
    "200": {
      description: "What it depends on answers.",
      content: { "application/json": { schema: Ready, example: { status: "ready" } } },
    },
    ...problems("not_ready"),
  },
} satisfies Operation;
