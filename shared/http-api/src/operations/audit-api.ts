import { z } from "zod";
import type { Operation } from "../operation.ts";
import { Instant } from "../page-schema.ts";
import { problems } from "../problem-schema.ts";

const AuditParameters = z.strictObject({});

const Counts = z
  .object({
    unique: z.int().meta({ description: "Stored events.", example: 120 }),
    duplicates: z.int().meta({
      description: "Duplicates, including conflicts. The rows counted are those on record and those pruned.",
      example: 30,
    }),
    conflicts: z.int().meta({ description: "The duplicates whose content differs from the stored event.", example: 0 }),
    dead_lettered: z.int().meta({
      description: "Events that the store refused. The rows counted are dead letters on record and those deleted.",
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
    audited_at: Instant.meta({ description: "The moment of the snapshot that was recounted." }),
    duration_ms: z.int().meta({ description: "The duration of the recount.", example: 12 }),
    balanced: z.boolean().meta({
      description:
        "True if no topic differs, and if the duplicates counted by source are as many as those counted by topic.",
      example: true,
    }),
    topics_total: z.int().meta({ description: "The number of topics in the books or in the tables.", example: 2 }),
    booked: Counts.meta({ description: "The counts in the books." }),
    counted: Counts.meta({ description: "The counts of the rows in the tables." }),
    by_source: z
      .object({ duplicates: z.int().meta({ example: 30 }), conflicts: z.int().meta({ example: 0 }) })
      .meta({ description: "The sums of the books by source." }),
    differences: z.array(Difference).meta({ description: "The first hundred topics that differ, by name." }),
    differences_total: z.int().meta({ description: "The number of topics that differ.", example: 0 }),
  })
  .meta({ id: "Audit", description: "A recount of the rows, beside the books." });

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
  scope: "read",
  operationId: "audit",
  tags: ["Books"],
  summary: "Recount the rows and compare them with the books",
  description:
    "The recount reads one consistent snapshot, and events are accepted meanwhile. Its duration follows the number of rows, " +
    "about a second for a million, so it is for people and for a daily job, not for a monitor. Requests that arrive at the " +
    "same time share a recount. The answer is 200 whether the books balance or not; `GET /stats` shows the last result.",
  requestParams: { query: AuditParameters },
  responses: {
    "200": {
      description: "The books, and the recount.",
      content: {
        "application/json": {
          schema: AuditAnswer,
          examples: {
            balanced: { summary: "The rows and the books agree", value: BALANCED },
            unbalanced: { summary: "A counted event is missing", value: UNBALANCED },
          },
        },
      },
    },
    ...problems("scope_missing", "topic_forbidden", "invalid_parameter", "store_unreachable"),
  },
} satisfies Operation;
