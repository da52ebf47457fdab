import { STATUS_CODES } from "node:http";
import { z } from "zod";
import type { ZodOpenApiOperationObject, ZodOpenApiResponsesObject } from "zod-openapi";
import type { InvalidInputCode, UnavailableCode } from "../errors.ts";
import { createProblem } from "../problem.ts";

export type Operation = ZodOpenApiOperationObject;
type Responses = ZodOpenApiResponsesObject;

type ProblemCode = InvalidInputCode | UnavailableCode | "still_refused" | "internal_error";

interface ProblemExample {
  status: 400 | 404 | 405 | 409 | 413 | 415 | 422 | 500 | 503;
  detail: string;
  refusal?: { code: string; reason: string };
}

/** Every problem an operation can answer: its status, and an example of its detail. */
const PROBLEMS: Record<ProblemCode, ProblemExample> = {
  malformed_json: { status: 400, detail: "the body is not JSON" },
  invalid_encoding: { status: 400, detail: "the body is not UTF-8" },
  malformed_encoding: { status: 400, detail: "the body is not sound gzip: unexpected end of file" },
  bad_request: { status: 400, detail: "the address is not well-formed" },
  invalid_parameter: { status: 400, detail: "limit: must be a whole number from 1 to 1000" },
  invalid_cursor: { status: 400, detail: "the cursor belongs to another order" },
  not_found: { status: 404, detail: "there is no such event" },
  method_not_allowed: { status: 405, detail: "/events takes GET, not PUT" },
  still_refused: {
    status: 409,
    detail: "the store refused it again: invalid input syntax for type json",
    refusal: { code: "22P02", reason: "invalid input syntax for type json" },
  },
  body_too_large: { status: 413, detail: "the body is larger than the limit of 8000000 bytes" },
  unsupported_media_type: { status: 415, detail: "a content type is missing; send application/json" },
  unsupported_encoding: { status: 415, detail: "the content encoding is not taken here" },
  invalid_event: { status: 422, detail: "1 fault in 3 events" },
  empty_batch: { status: 422, detail: "the batch holds no event" },
  batch_too_large: { status: 422, detail: "the batch holds more than 10000 events" },
  internal_error: { status: 500, detail: "something went wrong here; the log says what" },
  log_full: { status: 503, detail: "the log is full" },
  log_unreachable: { status: 503, detail: "the log cannot be reached" },
  queue_full: { status: 503, detail: "the queue is full" },
  outcome_unknown: { status: 503, detail: "it may have been taken; sending it again is safe" },
  overloaded: { status: 503, detail: "too much is in flight" },
  store_unreachable: { status: 503, detail: "the store cannot be reached" },
  not_ready: { status: 503, detail: "not ready: store" },
};

const Fault = z.object({
  pointer: z.string().meta({ description: "JSON Pointer (RFC 6901) into what was sent.", example: "/events/3/topic" }),
  detail: z.string().meta({ example: "must not be empty" }),
  line: z.int().optional().meta({ description: "The line, where the body was NDJSON.", example: 4 }),
});

export const ProblemSchema = z
  .object({
    type: z.string().meta({ example: "about:blank" }),
    title: z.string().meta({ description: "The status in words.", example: "Bad Request" }),
    status: z.int().meta({ example: 400 }),
    detail: z.string().meta({ description: "What is wrong, for people.", example: "limit: must be at most 1000" }),
    code: z.string().meta({ description: "Stable name of what is wrong, for programs.", example: "invalid_parameter" }),
    errors: z.array(Fault).optional().meta({ description: "The first hundred faults of what was sent." }),
    errors_total: z.int().optional().meta({ description: "How many faults there are.", example: 1 }),
    refusal: z
      .object({ code: z.string().meta({ example: "22P02" }), reason: z.string() })
      .optional()
      .meta({ description: "Why the store refused a dead letter again: its own code, and what it said." }),
  })
  .meta({ id: "Problem", description: "What went wrong (RFC 9457)." });

/** The responses for these problems, one for each status, each code with an example. */
export function problems(...codes: ProblemCode[]): Responses {
  const responses: Responses = {};
  for (const status of new Set([...codes, "internal_error" as const].map((code) => PROBLEMS[code].status))) {
    const ofStatus = [...codes, "internal_error" as const].filter((code) => PROBLEMS[code].status === status);
    const examples = ofStatus.map((code) => [code, { value: exampleOf(code) }]);
    responses[`${status}`] = {
      description: `${STATUS_CODES[status]}: ${ofStatus.map((code) => `\`${code}\``).join(", ")}.`,
      content: { "application/problem+json": { schema: ProblemSchema, examples: Object.fromEntries(examples) } },
      ...(status === 503 ? { headers: RetryAfter } : {}),
    };
  }
  return responses;
}

function exampleOf(code: ProblemCode) {
  const { status, detail, ...more } = PROBLEMS[code];
  return { ...createProblem(status, code, detail), ...more };
}

const RetryAfter = z.object({
  "Retry-After": z.string().meta({ description: "Seconds after which to try again.", example: "1" }),
});
