import { InvalidInput } from "@tidemark/domain/errors";
import { createProblem, type Problem, problemOf } from "@tidemark/http-api/problem";
import { shorten } from "@tidemark/json/shorten";
import type { FastifyError, FastifyReply } from "fastify";
import { RequestValidationError } from "fastify-zod-openapi";

// 255 characters of four bytes, each byte written as %XX.
export const MAX_PARAM_LENGTH = 255 * 4 * 3;

const FASTIFY_CODES: Record<string, [status: number, code: string]> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, "unsupported_media_type"],
  FST_ERR_MAX_PARAM_LENGTH: [414, "uri_too_long"],
  FST_ERR_CTP_BODY_TOO_LARGE: [413, "body_too_large"],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, "malformed_json"],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, "malformed_json"],
};

/**
 * Returns the problem of an error that Fastify itself raises for a request. Undefined for any other error, which is our
 * own bug.
 */
export function problemOfFastify(error: unknown, reply: FastifyReply): Problem | undefined {
  const { code, message, validation, statusCode = 500 } = error as FastifyError;
  if (validation) return problemOf(invalidParameters(validation));
  const known =
    FASTIFY_CODES[code] ?? (statusCode >= 400 && statusCode < 500 ? [statusCode, "bad_request"] : undefined);
  if (known === undefined) return undefined;
  const [status, name] = known;
  if (name === "uri_too_long") {
    return createProblem(status, name, `a segment of the path has more than ${MAX_PARAM_LENGTH} characters`);
  }
  if (status === 415) {
    const given = reply.request.headers["content-type"];
    const detail = given
      ? `unsupported content type ${JSON.stringify(shorten(given))}`
      : "the Content-Type header is missing";
    return createProblem(415, name, `${detail}; send application/json`);
  }
  return createProblem(status, name, message);
}

function invalidParameters(validation: unknown[]): InvalidInput {
  const faults = validation
    .filter((item) => item instanceof RequestValidationError)
    // The validator writes the pointer to the whole value as "/". RFC 6901 writes it as "".
    .map((item) => ({ pointer: item.instancePath === "/" ? "" : item.instancePath, detail: item.message }));
  const detail = faults
    .map(({ pointer, detail }) => (pointer === "" ? detail : `${pointer.slice(1)}: ${detail}`))
    .join("; ");
  return new InvalidInput({
    code: "invalid_parameter",
    status: 400,
    detail: detail || "a parameter is invalid",
    faults,
  });
}
