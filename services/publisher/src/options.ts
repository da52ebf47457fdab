import { randomBytes } from "node:crypto";
import { type CommandLine, decimal, share, wholeNumber } from "@tidemark/runtime/command-line";
import { z } from "zod";
import type { Plan } from "./plan.ts";

const milliseconds = (seconds: number) => 1_000 * seconds;

/** With a rate a request has the events of this time at most, so that they flow instead of coming in bursts. */
const PACED_REQUEST_SECONDS = 0.2;

export const PUBLISHER_COMMAND = {
  usage: "npm run publisher -- [options]",
  about: `Publishes events with duplicates, retries and repeated batches, like an unreliable network, and checks that the service counted every event.`,
  options: z
    .object({
      events: wholeNumber({ min: 1, max: 100_000_000 }).prefault("5000").meta({
        value: "N",
        description: "events to send, duplicates included",
      }),
      rate: decimal({ min: 0.1, max: 1_000_000 }).optional().meta({
        value: "N",
        description: "events a second (default: as fast as the service takes them)",
      }),
      duration: decimal({ min: 1, max: 86_400 }).optional().meta({
        value: "S",
        description: "seconds to publish at --rate, in place of --events",
      }),
      duplicateRate: share().prefault("0.25").meta({ value: "R", description: "share of duplicates, 0 to below 1" }),
      batchSize: wholeNumber({ min: 1, max: 10_000 }).prefault("100").meta({
        value: "N",
        description: "events per request",
      }),
      topics: wholeNumber({ min: 1, max: 100_000 }).prefault("5").meta({ value: "N", description: "number of topics" }),
      concurrency: wholeNumber({ min: 1, max: 1_000 }).prefault("8").meta({
        value: "N",
        description: "requests in flight at a time",
      }),
      seed: wholeNumber({ min: 0, max: 4_294_967_295 }).prefault("1").meta({
        value: "N",
        description: "equal seeds give equal traffic",
      }),
      runId: z
        .string()
        .regex(/^[\w.:-]{1,200}$/, "must be 1 to 200 letters, digits or any of . : _ -")
        .optional()
        .meta({
          value: "TEXT",
          description: "part of every event id (default: random, so that every run sends new events)",
        }),
      expectRepeat: z.boolean().default(false).meta({
        description: "an earlier run had this run id: every event must be a duplicate",
      }),
      checkStats: z.boolean().default(false).meta({
        description: "fails if /stats did not grow by exactly this run (other publishers are counted as well)",
      }),
      url: z
        .url({ protocol: /^https?$/, error: "must be an http or https URL" })
        .optional()
        .meta({
          value: "URL",
          description: "where to publish (default: AGGREGATOR_URL, or else http://localhost:8080/publish)",
        }),
      timeout: decimal({ min: 0.1, max: 3_600 }).transform(milliseconds).prefault("30").meta({
        value: "S",
        description: "seconds to wait for a response",
      }),
      retryFor: decimal({ min: 0, max: 86_400 }).transform(milliseconds).prefault("120").meta({
        value: "S",
        description: "seconds during which a request is retried (20 at most before the first connection)",
      }),
    })
    .refine(({ expectRepeat, runId }) => !expectRepeat || runId !== undefined, {
      error: "--expect-repeat: needs --run-id",
    })
    .refine(({ rate, duration }) => duration === undefined || rate !== undefined, {
      error: "--duration: needs --rate",
    }),
  notes: `Environment: AGGREGATOR_URL, and API_KEY (or API_KEY_FILE) if the service requires a key.
Exit code: 0 every count agrees, 1 a count differs, the key is refused or there is no connection, 2 wrong arguments, 130 interrupted.`,
} satisfies CommandLine;

export type PublisherOptions = z.output<typeof PUBLISHER_COMMAND.options>;

// A run with a chosen id is repeatable to the byte, its timestamps included.
const REPEATABLE_START_MS = Date.UTC(2025, 0, 1);

export function createPlan({ runId, rate, duration, ...options }: PublisherOptions): Plan {
  const { events, batchSize } = options;
  return {
    ...options,
    events: rate !== undefined && duration !== undefined ? Math.ceil(rate * duration) : events,
    batchSize: Math.min(batchSize, rate === undefined ? batchSize : Math.ceil(rate * PACED_REQUEST_SECONDS)),
    runId: runId ?? randomBytes(6).toString("hex"),
    startMs: runId === undefined ? Date.now() : REPEATABLE_START_MS,
  };
}
