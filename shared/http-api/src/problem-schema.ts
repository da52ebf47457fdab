import { STATUS_CODES } from "node:http";
import type { Fault, InvalidInputCode, LimitCode, UnavailableCode } from "@tidemark/domain/errors";
import { z } from "zod";
import type { ZodOpenApiResponseObject, ZodOpenApiResponsesObject } from "zod-openapi";
import { CurrentPosition } from "./operations/subscriptions/current-position.ts";
import { createProblem } from "./problem.ts";

type Responses = ZodOpenApiResponsesObject;

interface ProblemExample {
  status:
    | 400
    | 401
    | 403
    | 404
    | 405
    | 408
    | 409
    | 413
    | 414
    | 415
    | 417
    | 421
    | 422
    | 429
    | 431
    | 500
    | 501
    | 502
    | 503
    | 504;
  detail: string;
  errors?: Fault[];
  errors_total?: number;
  refusal?: { code: string; reason: string };
  current?: { position: string; acknowledged: number; updated_at: string };
}

type KnownProblem = ProblemExample & { code: string };

type OwnCode =
  | Exclude<
      InvalidInputCode | UnavailableCode | LimitCode,
      "bad_request" | "method_not_allowed" | "not_implemented" | "unknown_host" | "rate_limited" | "too_many_answers"
    >
  | "still_refused"
  | "subscription_moved";

/** The problems that only some operations answer: the status, and an example of the detail. */
const PROBLEMS: Record<OwnCode, ProblemExample> = {
  malformed_json: { status: 400, detail: "the body is not JSON" },
  invalid_encoding: { status: 400, detail: "the body is not UTF-8" },
  malformed_encoding: { status: 400, detail: "the body is not valid gzip: unexpected end of file" },
  invalid_parameter: {
    status: 400,
    detail: "limit: must be a whole number from 1 to 1000",
    errors: [{ pointer: "/limit", detail: "must be a whole number from 1 to 1000" }],
    errors_total: 1,
  },
  invalid_cursor: { status: 400, detail: "the cursor belongs to order=asc, not to order=desc" },
  cross_site: { status: 403, detail: "a page of another site may not change anything here" },
  key_missing: {
    status: 401,
    detail: "a key is required: send it as Authorization: Bearer or as X-API-Key",
  },
  key_invalid: { status: 401, detail: "the key is not known" },
  key_expired: { status: 401, detail: "the key has expired" },
  scope_missing: { status: 403, detail: "this needs a key with the scope admin; the key has publish, read" },
  topic_forbidden: {
    status: 403,
    detail: "the key does not reach this topic",
    errors: [{ pointer: "/events/3/topic", detail: "the key does not reach this topic" }],
    errors_total: 1,
  },
  not_found: { status: 404, detail: "no event has this topic and id" },
  still_refused: {
    status: 409,
    detail: "the store refused the event again: invalid input syntax for type json",
    refusal: { code: "22P02", reason: "invalid input syntax for type json" },
  },
  subscription_differs: { status: 409, detail: "the subscription has other topics: delete it, or choose another name" },
  too_many_subscriptions: { status: 409, detail: "there are 100 subscriptions, which is the limit: delete one" },
  subscription_moved: {
    status: 409,
    detail: "another worker has acknowledged a page since this one was read",
    current: { position: "AgAx", acknowledged: 500, updated_at: "2025-10-23T10:05:00.123456Z" },
  },
  body_too_large: { status: 413, detail: "the body is larger than the limit of 8000000 bytes" },
  expansion_too_large: {
    status: 413,
    detail: "the body grows more than 100-fold, and beyond 1048576 bytes, when it is decoded",
  },
  unsupported_media_type: { status: 415, detail: "the Content-Type header is missing; send application/json" },
  unsupported_encoding: {
    status: 415,
    detail: 'unsupported content encoding "deflate"; send one of gzip, br, zstd',
  },
  invalid_event: {
    status: 422,
    detail: "/events/3/topic: must not be empty",
    errors: [{ pointer: "/events/3/topic", detail: "must not be empty" }],
    errors_total: 1,
  },
  dead_lettered: {
    status: 422,
    detail: "the store refused this event permanently; it is kept as a dead letter, and can be redriven",
  },
  invalid_body: {
    status: 422,
    detail: "/from: is required",
    errors: [{ pointer: "/from", detail: "is required" }],
    errors_total: 1,
  },
  empty_batch: { status: 422, detail: "the batch has no events" },
  batch_too_large: { status: 422, detail: "the batch has 10001 events, the limit is 10000" },
  too_many_lists: { status: 429, detail: "this client has not read the pages that it asked for before" },
  too_many_exports: { status: 429, detail: "this client has 2 exports already, as many as one client may have" },
  too_many_streams: { status: 429, detail: "this client has 64 streams already, as many as one client may have" },
  log_full: { status: 503, detail: "the log is full" },
  log_unreachable: { status: 503, detail: "the log cannot be reached" },
  queue_full: { status: 503, detail: "the queue is full" },
  outcome_unknown: { status: 503, detail: "the events may have been accepted; sending them again is safe" },
  overloaded: { status: 503, detail: "too many bytes in flight; try again later" },
  store_unreachable: { status: 503, detail: "the store cannot be reached" },
  not_ready: { status: 503, detail: "not ready: store: the store cannot be reached" },
};

/** The problems that every operation may answer. Those with 502 and 504 come from the proxy in front of the stack. */
const EVERYWHERE: KnownProblem[] = [
  { code: "bad_request", status: 400, detail: "the Host header is missing" },
  { code: "request_timeout", status: 408, detail: "the request did not arrive in time" },
  { code: "uri_too_long", status: 414, detail: "the path and query are larger than the limit of 16 KB" },
  {
    code: "rate_limited",
    status: 429,
    detail: "over the limit of 1000 events a second; nothing of the request was taken",
  },
  { code: "too_many_answers", status: 429, detail: "this client has not read the answers that it asked for before" },
  { code: "expectation_failed", status: 417, detail: "the only expectation that can be met is 100-continue" },
  { code: "unknown_host", status: 421, detail: '"other.example" is not a known host of this service' },
  { code: "headers_too_large", status: 431, detail: "the headers are too large" },
  { code: "internal_error", status: 500, detail: "an internal error; the service has logged the details" },
  { code: "not_implemented", status: 501, detail: "this transfer encoding is not understood" },
  { code: "service_unreachable", status: 502, detail: "the service gave no answer; sending it again is safe" },
  { code: "outcome_unknown", status: 504, detail: "the service gave no answer in time; sending it again is safe" },
];

const FaultSchema = z.object({
  pointer: z.string().meta({ description: "A JSON Pointer (RFC 6901) into the request.", example: "/events/3/topic" }),
  detail: z.string().meta({ example: "must not be empty" }),
  line: z.int().optional().meta({ description: "The line, from 1, if the body is NDJSON.", example: 4 }),
});

export const ProblemSchema = z
  .object({
    type: z.string().meta({ example: "about:blank" }),
    title: z.string().meta({ description: "The status in words.", example: "Bad Request" }),
    status: z.int().meta({ example: 400 }),
    detail: z.string().meta({ description: "The error, for people.", example: "limit: must be at most 1000" }),
    code: z.string().meta({ description: "The stable name of the error, for programs.", example: "invalid_parameter" }),
    errors: z.array(FaultSchema).optional().meta({ description: "The first hundred faults of the request." }),
    errors_total: z.int().optional().meta({ description: "The number of faults.", example: 1 }),
    refusal: z
      .object({ code: z.string().meta({ example: "22P02" }), reason: z.string() })
      .optional()
      .meta({ description: "The reason why the store refused a dead letter again: the store's code and message." }),
    current: CurrentPosition.optional(),
  })
  .meta({ id: "Problem", description: "An error (RFC 9457)." });

const RetryAfter = z.object({
  "Retry-After": z.string().meta({ description: "The number of seconds after which to try again.", example: "1" }),
});

/** The limits of the client (draft-ietf-httpapi-ratelimit-headers-10), in answers to a client that has any. */
export const RateLimitFields = z.object({
  "RateLimit-Policy": z.string().optional().meta({
    description: "The limit of the client: `q` events or bytes at once, and as many again in `w` seconds.",
    example: '"events";q=10000;qu="events";w=10',
  }),
  RateLimit: z.string().optional().meta({
    description: "The remaining amount (`r`), and the seconds until the full amount is available again (`t`).",
    example: '"events";r=9990;t=1',
  }),
});

const HEADERS: Partial<Record<ProblemExample["status"], z.ZodObject>> = {
  415: z.object({
    "Accept-Encoding": z
      .string()
      .optional()
      .meta({ description: "With `unsupported_encoding`: the supported encodings.", example: "gzip, br, zstd" }),
  }),
  429: RetryAfter.extend(RateLimitFields.shape),
  401: z.object({
    "WWW-Authenticate": z.string().meta({
      description: "The challenge (RFC 6750).",
      example: 'Bearer realm="tidemark", error="invalid_token", error_description="the key has expired"',
    }),
  }),
  502: RetryAfter,
  503: RetryAfter,
  504: RetryAfter,
};

const RESPONSES_EVERYWHERE = new Map(
  [...byStatus(EVERYWHERE)].map(([status, problems]) => [
    status,
    { ...responseOf(status, problems), id: problems.map(({ code }) => pascalCase(code)).join("Or") },
  ]),
);

/**
 * Returns the responses with these problems and those of every operation: one a status, with an example of each code.
 */
export function problems(...codes: OwnCode[]): Responses {
  const own = codes.map((code) => ({ code, ...PROBLEMS[code] }));
  const everywhere = EVERYWHERE.filter(({ status }) => own.some((problem) => problem.status === status));
  const responses = [...byStatus([...own, ...everywhere])].map(
    ([status, of]) => [status, responseOf(status, of)] as const,
  );
  return Object.fromEntries(new Map([...RESPONSES_EVERYWHERE, ...responses]));
}

const refused = problems("key_missing", "key_invalid", "key_expired", "scope_missing");

/** The responses to a request whose key is missing or lacks a scope. */
export const KEY_RESPONSES: Responses = {
  401: { ...refused["401"], id: "Unauthorized" } as ZodOpenApiResponseObject,
  403: { ...refused["403"], id: "ScopeMissing" } as ZodOpenApiResponseObject,
};

function byStatus(problems: KnownProblem[]): Map<ProblemExample["status"], KnownProblem[]> {
  return Map.groupBy(problems, ({ status }) => status);
}

function responseOf(status: ProblemExample["status"], problems: KnownProblem[]): ZodOpenApiResponseObject {
  const codes = problems.map(({ code }) => code);
  return {
    description: `${STATUS_CODES[status]}: ${codes.map((code) => `\`${code}\``).join(", ")}.`,
    headers: HEADERS[status],
    content: {
      "application/problem+json": {
        schema: {
          allOf: [{ $ref: "#/components/schemas/Problem" }, { properties: { code: { type: "string", enum: codes } } }],
        },
        examples: Object.fromEntries(problems.map((problem) => [problem.code, { value: exampleOf(problem) }])),
      },
    },
  };
}

function exampleOf({ status, code, detail, ...more }: KnownProblem) {
  return { ...createProblem(status, code, detail), ...more };
}

function pascalCase(code: string): string {
  return code.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
