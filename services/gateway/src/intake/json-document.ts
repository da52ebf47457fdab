import { isAscii, isUtf8 } from "node:buffer";
import { InvalidInput } from "@tidemark/domain/errors";
import { offsetDeeperThan, pointersAt } from "@tidemark/json/pointer";
import { type JsonScan, scanJson, skipSpace } from "@tidemark/json/text";
import { invalidEvents, refuseLargeBatch } from "./intake.ts";
import { depthFaults } from "./validate-event.ts";

/** A body that is one JSON text, parsed and scanned. */
export interface JsonDocument {
  bytes: Buffer;
  value: unknown;
  scan: JsonScan;
}

/** Deeper than an event may nest. A deeper text is not parsed, because each level would cost memory. */
export const MAX_PARSED_DEPTH = 1_000;

const OPEN_BRACKET = 0x5b;

/**
 * Parses a body.
 *
 * @throws {InvalidInput} 400 if it is not JSON in UTF-8, 422 if it certainly has too many events or nests far too deep
 */
export function parseDocument(bytes: Buffer, maxBatchEvents: number): JsonDocument {
  requireUtf8(bytes);
  const scan = scanJson(bytes);
  if (scan.depth > MAX_PARSED_DEPTH) throw tooDeep(bytes, scan);
  // Parsing millions of items only to count them would take seconds.
  if (scan.isBalanced) refuseLargeBatch(countItemsAtLeast(bytes, scan), maxBatchEvents);
  return { bytes, value: parseJson(bytes), scan };
}

/** @throws {InvalidInput} 400 */
export function requireUtf8(bytes: Buffer): void {
  if (isUtf8(bytes)) return;
  throw new InvalidInput({ code: "invalid_encoding", status: 400, detail: "the body is not UTF-8" });
}

/**
 * @param bytes UTF-8
 * @throws {InvalidInput} 400
 */
export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString(isAscii(bytes) ? "latin1" : "utf8"));
  } catch (error) {
    const detail = `the body is not JSON: ${(error as Error).message}`;
    throw new InvalidInput({ code: "malformed_json", status: 400, detail, cause: error });
  }
}

/** Counts events by the commas of an array, or of an object whose only member is `events`; any other body counts as 0. */
function countItemsAtLeast(bytes: Buffer, { outerCommas, innerCommas }: JsonScan): number {
  const start = skipSpace(bytes, 0);
  if (bytes[start] === OPEN_BRACKET) return outerCommas + 1;
  const isOneMember = outerCommas === 0 && bytes.toString("latin1", start, start + 40).match(/^\{\s*"events"\s*:\s*\[/);
  return isOneMember ? innerCommas + 1 : 0;
}

function tooDeep(bytes: Buffer, { isBalanced }: JsonScan): InvalidInput {
  if (!isBalanced) return new InvalidInput({ code: "malformed_json", status: 400, detail: "the body is not JSON" });
  const offset = offsetDeeperThan(bytes, MAX_PARSED_DEPTH);
  const isArray = bytes[skipSpace(bytes, 0)] === OPEN_BRACKET;
  const eventDepth = isArray ? 2 : pointersAt(bytes, [offset], 1)[0] === "/events" ? 3 : 1;
  return invalidEvents(depthFaults(bytes, offset, eventDepth));
}
