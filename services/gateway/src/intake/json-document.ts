import { isUtf8 } from "node:buffer";
import { InvalidInput } from "@tidemark/domain/errors";
import { type JsonScan, scanJson } from "@tidemark/json/scan";

/**
 * Scans a body without building its values, because small values would take a hundred times the bytes of the body.
 *
 * @throws {InvalidInput} 400 if it is not JSON in UTF-8
 */
export function scanDocument(bytes: Buffer): JsonScan {
  requireUtf8(bytes);
  const scan = scanJson(bytes);
  if (scan.malformedAt === undefined) return scan;
  const detail = `the body is not JSON: ${malformation(bytes, scan.malformedAt)}`;
  throw new InvalidInput({ code: "malformed_json", status: 400, detail });
}

/** @throws {InvalidInput} 400 */
export function requireUtf8(bytes: Buffer): void {
  if (isUtf8(bytes)) return;
  throw new InvalidInput({ code: "invalid_encoding", status: 400, detail: "the body is not UTF-8" });
}

/** Describes the place at which a text stops being JSON. */
export function malformation(bytes: Buffer, offset: number): string {
  if (offset >= bytes.length) return "it ends too early";
  const byte = bytes[offset] as number;
  const character = byte > 0x20 && byte < 0x7f ? JSON.stringify(String.fromCharCode(byte)) : "character";
  return `unexpected ${character} at byte ${offset}`;
}
