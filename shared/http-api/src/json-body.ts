import { type Fault, InvalidInput } from "@tidemark/domain/errors";
import { escapePointer } from "@tidemark/json/pointer";
import type { z } from "zod";

/**
 * Reads a body by its schema.
 *
 * @throws {InvalidInput} 400 `malformed_json`, 400 `invalid_encoding`, 422 `invalid_body`
 */
export function readJsonBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const { success, data, error } = schema.safeParse(parse(body));
  if (success) return data;
  const faults = error.issues.flatMap(faultsOf);
  const detail = faults.map(({ pointer, detail }) => (pointer === "" ? detail : `${pointer}: ${detail}`)).join("; ");
  throw new InvalidInput({ code: "invalid_body", status: 422, detail, faults });
}

function parse(body: unknown): unknown {
  const text = decode(Buffer.isBuffer(body) ? body : Buffer.alloc(0));
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InvalidInput({ code: "malformed_json", status: 400, detail: "the body is not JSON", cause });
  }
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new InvalidInput({ code: "invalid_encoding", status: 400, detail: "the body is not UTF-8", cause });
  }
}

function faultsOf(issue: z.core.$ZodIssue): Fault[] {
  const pointer = issue.path.map((key) => `/${escapePointer(String(key))}`).join("");
  if (issue.code !== "unrecognized_keys") return [{ pointer, detail: issue.message }];
  return issue.keys.map((key) => ({ pointer: `${pointer}/${escapePointer(key)}`, detail: "is not a known member" }));
}
