import { scanJson } from "@tidemark/json/text";
import {
  gatherEvents,
  type Intake,
  type IntakeOptions,
  MAX_FAULTS,
  type PlacedJudgement,
  refuseLargeBatch,
} from "./intake.ts";
import { HOPELESS_DEPTH, requireUtf8 } from "./json-document.ts";
import { type Judgement, judgeEvent, TOO_DEEP } from "./validate-event.ts";

const LINE_FEED = 0x0a;

interface Line {
  /** From 1. */
  number: number;
  text: Buffer;
}

/**
 * Reads events one a line (https://github.com/ndjson/ndjson-spec). Lines of nothing but white space are passed over. Each
 * line is a text of its own: what two lines would spell together is never looked at.
 *
 * @throws {InvalidInput} 400 where a line is no JSON, 422 for events that break a rule, each with its line
 */
export function readNdjsonIntake(bytes: Buffer, options: IntakeOptions): Intake {
  requireUtf8(bytes);
  const lines = linesOf(bytes);
  refuseLargeBatch(lines.length, options.maxBatchEvents);
  return gatherEvents(judgeLines(lines), options);
}

function* judgeLines(lines: Line[]): Generator<PlacedJudgement> {
  let left = MAX_FAULTS;
  for (const { number, text } of lines) {
    const judgement = judgeLine(text, Math.max(left, 1));
    if ("faults" in judgement) left -= judgement.faults.first.length;
    yield { judgement, pointer: `/${number - 1}`, line: number };
  }
}

function judgeLine(text: Buffer, maxFaults: number): Judgement {
  // Not even parsed: that would cost memory by the level.
  const { depth, isBalanced } = scanJson(text);
  if (depth > HOPELESS_DEPTH) return isBalanced ? refused(TOO_DEEP, false) : refused("is not JSON", true);
  try {
    return judgeEvent({ text, value: JSON.parse(text.toString()) }, maxFaults);
  } catch (error) {
    if (error instanceof SyntaxError) return refused(`is not JSON: ${error.message.replace(COUNTED_LINE, "")}`, true);
    throw error;
  }
}

// V8 counts the lines of what it parses, which is one.
const COUNTED_LINE = / \(line 1 column \d+\)$/;

function refused(detail: string, isMalformed: boolean): Judgement {
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
