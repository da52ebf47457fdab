import { InvalidInput } from "@tidemark/domain/errors";
import { isJsonObject } from "@tidemark/domain/event";
import { MemberNames, readShallow } from "@tidemark/json/shallow";
import { skipSpace } from "@tidemark/json/text";

const OPEN_BRACKET = 0x5b;
const NAMES = new MemberNames(["specversion", "topic"]);

/**
 * Reads a JSON body. If it is refused and its first event is a CloudEvent, the refusal names the media type to use: HTTP
 * libraries send JSON as `application/json`.
 *
 * @throws {InvalidInput} as `read`
 */
export function withCloudEventHint<T>(body: Buffer, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InvalidInput) || error.code !== "invalid_event") throw error;
    const start = skipSpace(body, 0);
    const isBatch = body[start] === OPEN_BRACKET;
    if (!isCloudEvent(body, isBatch ? skipSpace(body, start + 1) : start)) throw error;
    const mediaType = isBatch ? "application/cloudevents-batch+json" : "application/cloudevents+json";
    const detail = `${error.message}; this is a CloudEvent: send it with the Content-Type ${mediaType}`;
    const { code, status, faults, faultsTotal } = error;
    throw new InvalidInput({ code, status, detail, faults, faultsTotal, cause: error });
  }
}

function isCloudEvent(body: Buffer, start: number): boolean {
  const { value } = readShallow(body, start, NAMES);
  return isJsonObject(value) && typeof value.specversion === "string" && !("topic" in value);
}
