import type { Verdicts } from "@tidemark/domain/verdict";
import type { AppliedFrame } from "@tidemark/event-store/event-store";
import { type FrameItem, readItems } from "@tidemark/event-store/frame-items";
import type { Refusal } from "@tidemark/event-store/refusal";
import type { Database } from "better-sqlite3";
import { refusalOf } from "../connection/errors.ts";
import { utcText } from "../schema/columns.ts";
import type { BatchTotals } from "./batch-totals.ts";
import type { PackedFrame } from "./call.ts";
import { prepareDeadLetters } from "./dead-letter.ts";
import { type DeduplicateOptions, prepareDeduplicate, tryEvent } from "./deduplicate.ts";
import { prepareLedger } from "./ledger.ts";

/** Applies a frame that the ledger does not know. */
export type ApplyNewFrame = (totals: BatchTotals, frame: PackedFrame, text: Buffer) => AppliedFrame;

/**
 * Prepares the second attempt at a batch that the store has refused. It applies a frame event by event, and makes dead
 * letters of those that are refused. A frame that cannot be split into events becomes one dead letter.
 */
export function prepareIsolate(database: Database, options: DeduplicateOptions): ApplyNewFrame {
  const deduplicate = prepareDeduplicate(database, options);
  const deadLetters = prepareDeadLetters(database);
  const ledger = prepareLedger(database);
  return (totals, frame, text) => {
    const items = readItemsOrRefusal(text, frame.events);
    if (!Array.isArray(items)) {
      return deadLetters.addFrame(totals, { ...frame, reason: items.reason, content: text });
    }
    const receivedAt = utcText(frame.receivedAtMs);
    let verdicts: Verdicts = "";
    for (const [ordinal, item] of items.entries()) {
      const verdict = tryEvent(deduplicate, totals, { content: item.content, receivedAt });
      if (typeof verdict === "string") verdicts += verdict;
      else verdicts += deadLetters.addEvent(totals, { frameId: frame.id, ordinal, receivedAt, item, refusal: verdict });
    }
    ledger.insert(totals, { ...frame, verdicts });
    return { frameId: frame.id, isNew: true, verdicts };
  };
}

function readItemsOrRefusal(text: Buffer, declared: number): FrameItem[] | Refusal {
  try {
    return readItems(text, declared);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    return refusal;
  }
}
