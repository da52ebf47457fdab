import { Timestamp, Topic } from "@tidemark/domain/event-schema";
import { z } from "zod";
import type { Operation } from "../operation.ts";
import { problems } from "../problem-schema.ts";

/** The number of steps in an answer, at most. */
export const MAX_STEPS = 1_000;

const MINUTES = { m: 1, h: 60, d: 1_440 } as const;
const STEP = /^([1-9]\d{0,3})([mhd])$/;
const EpochMs = Timestamp.transform((text) => Date.parse(text)).optional();

const Step = z
  .string()
  .regex(STEP, { error: "must be a whole number of minutes, hours or days, such as 1m, 5m, 1h or 1d" })
  .transform((text) => {
    const [, count, unit] = STEP.exec(text) as unknown as [string, string, keyof typeof MINUTES];
    return Number(count) * MINUTES[unit];
  })
  .prefault("1m");

const HistoryParameters = z.strictObject({
  since: EpochMs.meta({
    description: "The history begins with the step of this moment. Default: an hour before its end.",
    example: "2025-10-23T10:00:00Z",
  }),
  until: EpochMs.meta({
    description: "The history ends with the step before this moment, and no later than now, which is the default.",
    example: "2025-10-23T11:00:00Z",
  }),
  step: Step.meta({
    description:
      "The length of a step: a number and `m`, `h` or `d`. Steps begin at multiples of it since 1970 (UTC): `1h` at full " +
      "hours, `1d` at midnight.",
    example: "5m",
    override: { type: "string", pattern: STEP.source, default: "1m" },
  }),
  topic: Topic.optional().meta({ description: "Selects this topic; all topics if absent." }),
});

const Moment = z.string().meta({ example: "2025-10-23T10:00:00Z", format: "date-time" });

const HistoryStep = z.object({
  start: Moment.meta({ description: "The beginning of the step." }),
  received: z.int().meta({ description: "Events with a verdict: stored, duplicates and dead letters.", example: 80 }),
  stored: z.int().meta({ example: 60 }),
  duplicates: z.int().meta({ description: "Includes conflicts.", example: 20 }),
  conflicts: z.int().meta({ example: 0 }),
  dead_lettered: z
    .int()
    .meta({ description: "Negative if more dead letters were redriven than written in the step.", example: 0 }),
  complete: z.boolean().meta({
    description:
      "Whether these are all events that were asked for. False only if `topic` is given, or the key is limited to some " +
      "topics, and more than 50 topics had events in a minute: the others have no figures of their own, and those asked " +
      "for may be among them.",
    example: true,
  }),
});

const ServiceStart = z.object({
  start: Moment.meta({ description: "The beginning of the step." }),
  service: z.string().meta({ description: "`single`, `gateway` or `consumer`.", example: "consumer" }),
  count: z.int().meta({ description: "How often the service started in the step.", example: 1 }),
});

export const HistoryAnswer = z
  .object({
    since: Moment.meta({ description: "The beginning of the first step." }),
    until: Moment.meta({ description: "The end of the last step. The step that contains now has not ended yet." }),
    step_seconds: z.int().meta({ example: 300 }),
    topic: z.string().nullable().meta({ description: "The topic that was asked for.", example: "user.login" }),
    begins_at: Moment.nullable().meta({
      description: "The first minute that is on record; `null` before the first event.",
    }),
    steps: z.array(HistoryStep).meta({ description: "Every step, the oldest first; zeros where nothing moved." }),
    starts: z.array(ServiceStart).meta({
      description: "The starts of services that store or accept events, at most one entry for each step and service.",
    }),
  })
  .meta({ id: "History", description: "The movement of the books." });

export type HistoryAnswer = z.infer<typeof HistoryAnswer>;

const STEPS: HistoryAnswer["steps"] = [
  {
    start: "2025-10-23T10:00:00Z",
    received: 80,
    stored: 60,
    duplicates: 20,
    conflicts: 0,
    dead_lettered: 0,
    complete: true,
  },
  {
    start: "2025-10-23T10:05:00Z",
    received: 0,
    stored: 0,
    duplicates: 0,
    conflicts: 0,
    dead_lettered: 0,
    complete: true,
  },
];

const EXAMPLE: HistoryAnswer = {
  since: "2025-10-23T10:00:00Z",
  until: "2025-10-23T10:10:00Z",
  step_seconds: 300,
  topic: null,
  begins_at: "2025-10-01T08:12:00Z",
  steps: STEPS,
  starts: [{ start: "2025-10-23T10:05:00Z", service: "consumer", count: 1 }],
};

export const readHistory = {
  method: "get",
  path: "/stats/history",
  scope: "read",
  operationId: "readHistory",
  tags: ["Books"],
  summary: "Read the history of the books",
  description:
    "Tells what each step of time added to the books. An event counts in the minute in which it was stored, dropped or " +
    "dead-lettered, and a redriven dead letter in that of the redrive, so the sums over the steps equal the movement of the " +
    "books. Kept for `HISTORY_DAYS`. The cost does not depend on the number of events. A client reads one history at a time.",
  requestParams: { query: HistoryParameters },
  responses: {
    "200": {
      description: "The history.",
      content: {
        "application/json": {
          schema: HistoryAnswer,
          examples: { history: { summary: "Two steps", value: EXAMPLE } },
        },
      },
    },
    ...problems(
      "scope_missing",
      "topic_forbidden",
      "invalid_parameter",
      "too_many_lists",
      "overloaded",
      "store_unreachable",
    ),
  },
} satisfies Operation;
