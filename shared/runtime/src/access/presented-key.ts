import type { IncomingHttpHeaders } from "node:http";
import { InvalidInput } from "@tidemark/domain/errors";

// RFC 6750, section 2.1. A header with another scheme may belong to a proxy, so it is ignored.
const BEARER = /^Bearer(?: +(.*))?$/i;

/**
 * Returns the key that a request presents, as `Authorization: Bearer` or as `X-API-Key`.
 *
 * @throws {InvalidInput} 400 if the headers name two different keys
 */
export function readPresentedKey(headers: IncomingHttpHeaders): string | undefined {
  const bearer = BEARER.exec(headers.authorization ?? "")?.[1]?.trim() || undefined;
  const plain = headers["x-api-key"]?.toString().trim() || undefined;
  if (bearer !== undefined && plain !== undefined && bearer !== plain) {
    throw new InvalidInput({
      code: "bad_request",
      status: 400,
      detail: "Authorization and X-API-Key name two different keys; send one of them",
    });
  }
  return bearer ?? plain;
}
