import { scanJson } from "@tidemark/json/scan";
import {
  collectEvents,
  type Intake,
  type IntakeOptions,
  type LocatedEvent,
  MAX_FAULTS,
  refuseLargeBatch,
} from "./intake.ts";
import { malformation, requireUtf8 } from "./json-document.ts";
import { type ValidatedEvent, validateEvent } from "./validate-event.ts";

const LINE_FEED = 0x0a;

interface Line {
  /** From 1. */
  number: number;
  text: Buffer;
}

/**
 * Reads one event from each line (https://github.com/ndjson/ndjson-spec), and skips blank lines. Each line is parsed
 * separately, because two lines together may be JSON although neither line is.
 *
 * @throws {InvalidInput} 400 if a line is not JSON, 422 if events break a rule, each with its line
 */
export function readNdjsonIntake(bytes: Buffer, options: IntakeOptions): Intake {
  requireUtf8(bytes);
  return collectEvents(validateLines(linesOf(bytes, options.maxBatchEvents)), options);
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
  const scan = scanJson(text);
  if (scan.malformedAt === undefined) return validateEvent(text, maxFaults, scan);
  const fault = { pointer: "", detail: `is not JSON: ${malformation(text, scan.malformedAt)}` };
  return { topic: undefined, eventId: undefined, faults: { first: [fault], total: 1, isMalformed: true } };
}

/** @throws {InvalidInput} 422 for more lines than `maxLines`, not counting blank ones */
function linesOf(bytes: Buffer, maxLines: number): Line[] {
  const lines: Line[] = [];
  let count = 0;
  let number = 1;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === LINE_FEED) number++;
    else if (byte !== 0x20 && byte !== 0x0d && byte !== 0x09) {
      const feed = bytes.indexOf(LINE_FEED, at);
      const end = feed < 0 ? bytes.length : feed;
      if (++count <= maxLines) lines.push({ number, text: bytes.subarray(at, end) });
      at = end - 1;
    }
  }
  refuseLargeBatch(count, maxLines);
  return lines;
}
