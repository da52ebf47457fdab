import { z } from "zod";
import type { Operation } from "../operation.ts";
import { Instant } from "../page-schema.ts";
import { problems } from "../problem-schema.ts";

const AuditParameters = z.strictObject({});

const Counts = z
  .object({
    unique: z.int().meta({ description: "Events stored.", example: 120 }),
    duplicates: z.int().meta({
      description: "Copies that were not stored, conflicts included. Counted: those on record and those pruned.",
      example: 30,
    }),
    conflicts: z.int().meta({ description: "Of those, copies whose content differs.", example: 0 }),
    dead_lettered: z.int().meta({
      description: "Events that the store refused. Counted: dead letters on record and those deleted.",
      example: 0,
    }),
  })
  .meta({ id: "AuditCounts" });

const Difference = z.object({
  topic: z.string().meta({ description: "Empty for dead letters whose topic cannot be read.", example: "user.login" }),
  booked: Counts,
  counted: Counts,
});

export const AuditAnswer = z
  .object({
    audited_at: Instant.meta({ description: "The moment that was recounted." }),
    duration_ms: z.int().meta({ description: "How long the recount took.", example: 12 }),
    balanced: z.boolean().meta({
      description: "No topic differs, and the copies counted by source are as many as those counted by topic.",
      example: true,
    }),
    topics_total: z.int().meta({ description: "Topics in the books or in the tables.", example: 2 }),
    booked: Counts.meta({ description: "What the books say." }),
    counted: Counts.meta({ description: "What the tables hold." }),
    by_source: z
      .object({ duplicates: z.int().meta({ example: 30 }), conflicts: z.int().meta({ example: 0 }) })
      .meta({ description: "What the books by source add up to." }),
    differences: z.array(Difference).meta({ description: "The first hundred topics that differ, by name." }),
    differences_total: z.int().meta({ description: "How many topics differ.", example: 0 }),
  })
  .meta({ id: "Audit", description: "The rows counted anew, beside the books." });

export type AuditAnswer = z.infer<typeof AuditAnswer>;

const COUNTS = { unique: 120, duplicates: 30, conflicts: 0, dead_lettered: 0 };

const BALANCED: AuditAnswer = {
  audited_at: "2025-10-23T10:00:00.000000Z",
  duration_ms: 12,
  balanced: true,
  topics_total: 2,
  booked: COUNTS,
  counted: COUNTS,
  by_source: { duplicates: 30, conflicts: 0 },
  differences: [],
  differences_total: 0,
};

const LOST = { unique: 60, duplicates: 20, conflicts: 0, dead_lettered: 0 };

const UNBALANCED: AuditAnswer = {
  ...BALANCED,
  balanced: false,
  counted: { ...COUNTS, unique: 119 },
  differences: [{ topic: "user.login", booked: LOST, counted: { ...LOST, unique: 59 } }],
  differences_total: 1,
};

export const audit = {
  method: "get",
  path: "/audit",
  operationId: "audit",
  tags: ["Books"],
  summary: "Recount the rows and compare them with the books",
  description:
    "In one consistent snapshot, while events go on being taken. Takes time by the number of rows, about a second for a " +
    "million: it is for people and for a job once a day, not for a monitor. Those who ask at the same time share a recount. " +
    "The answer is 200 whatever was found; `GET /stats` shows the last result.",
  requestParams: { query: AuditParameters },
  responses: {
    "200": {
      description: "What the books say and what was counted.",
      content: {
        "application/json": {
          schema: AuditAnswer,
          examples: {
            balanced: { summary: "The rows and the books agree", value: BALANCED },
            unbalanced: { summary: "An event is gone that was counted", value: UNBALANCED },
          },
        },
      },
    },
    ...problems("invalid_parameter", "store_unreachable"),
  },
} satisfies Operation;
