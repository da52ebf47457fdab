import { scanJson } from "@tidemark/json/text";
import {
  collectEvents,
  type Intake,
  type IntakeOptions,
  type LocatedEvent,
  MAX_FAULTS,
  refuseLargeBatch,
} from "./intake.ts";
import { MAX_PARSED_DEPTH, requireUtf8 } from "./json-document.ts";
import { TOO_DEEP, type ValidatedEvent, validateEvent } from "./validate-event.ts";

const LINE_FEED = 0x0a;

interface Line {
  /** From 1. */
  number: number;
  text: Buffer;
}

/**
 * Reads one event from each line (https://github.com/ndjson/ndjson-spec), and skips blank lines. Each line is parsed by
 * itself, because two lines together may form JSON that neither line holds.
 *
 * @throws {InvalidInput} 400 if a line is not JSON, 422 if events break a rule, each with its line
 */
export function readNdjsonIntake(bytes: Buffer, options: IntakeOptions): Intake {
  requireUtf8(bytes);
  const lines = linesOf(bytes);
  refuseLargeBatch(lines.length, options.maxBatchEvents);
  return collectEvents(validateLines(lines), options);
}

function* validateLines(lines: Line[]): Generator<LocatedEvent> {
  let left = MAX_FAULTS;
  for (const { number, text } of lines) {
    const event = validateLine(text, Math.max(left, 1));
    if ("faults" in event) left -= event.faults.first.length;
    yield { event, pointer: `/${number - 1}`, line: number };
  }
}

function validateLine(text: Buffer, maxFaults: number): ValidatedEvent {
  // Not parsed, because each level would cost memory.
  const { depth, isBalanced } = scanJson(text);
  if (depth > MAX_PARSED_DEPTH) return isBalanced ? invalid(TOO_DEEP, false) : invalid("is not JSON", true);
  try {
    return validateEvent({ text, value: JSON.parse(text.toString()) }, maxFaults);
  } catch (error) {
    if (error instanceof SyntaxError) return invalid(`is not JSON: ${error.message.replace(COUNTED_LINE, "")}`, true);
    throw error;
  }
}

// V8 names the line within the parsed text, which is always 1.
const COUNTED_LINE = / \(line 1 column \d+\)$/;

function invalid(detail: string, isMalformed: boolean): ValidatedEvent {
  const faults = { first: [{ pointer: "", detail }], total: 1, isMalformed };
  return { topic: undefined, eventId: undefined, faults };
}

function linesOf(bytes: Buffer): Line[] {
  const lines: Line[] = [];
  let number = 1;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === LINE_FEED) number++;
    else if (byte !== 0x20 && byte !== 0x0d && byte !== 0x09) {
      const feed = bytes.indexOf(LINE_FEED, at);
      const end = feed < 0 ? bytes.length : feed;
      lines.push({ number, text: bytes.subarray(at, end) });
      at = end - 1;
    }
  }
  return lines;
}
