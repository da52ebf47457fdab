import { DEAD_LETTER, type Verdicts } from "@tidemark/domain/verdict";
import type { UnreadableFrame } from "@tidemark/event-store/dead-letters";
import type { Applied, AppliedFrame } from "@tidemark/event-store/event-store";
import type { FrameItem } from "@tidemark/event-store/frame-items";
import { DAMAGED_FRAME, type Refusal, showContent, UNREAD_TOPIC } from "@tidemark/event-store/refusal";
import type { Database } from "better-sqlite3";
import { utcText } from "../schema/columns.ts";
import { type BatchTotals, createBatchTotals, topicCounts } from "./batch-totals.ts";
import { prepareLedger } from "./ledger.ts";
import { prepareWriteTotals } from "./write-totals.ts";

/** A frame that cannot be split into events. */
interface DamagedFrame {
  id: string;
  generation: string;
  sequence: number;
  receivedAtMs: number;
  /** The number of events that the frame declares. */
  events: number;
  reason: string;
  content: Uint8Array;
}

interface RefusedEvent {
  frameId: string;
  /** The index of the event in its frame. */
  ordinal: number;
  receivedAt: string;
  item: FrameItem;
  refusal: Refusal;
}

interface DeadLetterRow {
  frameId: string;
  ordinal: number | null;
  topic: string | null;
  events: number;
  code: string;
  reason: string;
  deadAt: string;
  receivedAt: string;
  content: string;
}

/** Prepares the statements that add dead letters. Each is a part of its caller's transaction. */
export function prepareDeadLetters(database: Database) {
  const ledger = prepareLedger(database);
  const insert = database.prepare<DeadLetterRow>(
    `INSERT INTO dead_letters (frame_id, ordinal, topic, events, code, reason, attempts, dead_at, received_at, content)
     VALUES (@frameId, @ordinal, @topic, @events, @code, @reason, 1, @deadAt, @receivedAt, @content)`,
  );
  return {
    addEvent: (totals: BatchTotals, { item, refusal, ...origin }: RefusedEvent): Verdicts => {
      const topic = item.topic ?? null;
      insert.run({ ...origin, ...refusal, topic, content: item.content, events: 1, deadAt: totals.processedAt });
      topicCounts(totals, topic ?? UNREAD_TOPIC).deadLettered++;
      totals.refusals.push(refusal);
      return DEAD_LETTER;
    },
    /** Counts nothing for a frame that the ledger knows. */
    addFrame: (totals: BatchTotals, frame: DamagedFrame): AppliedFrame => {
      const known = ledger.recognize(totals, frame);
      if (known !== undefined) return { frameId: frame.id, isNew: false, verdicts: known };
      const verdicts = DEAD_LETTER.repeat(frame.events);
      ledger.insert(totals, { ...frame, verdicts });
      insert.run({
        frameId: frame.id,
        ordinal: null,
        topic: null,
        events: frame.events,
        code: DAMAGED_FRAME,
        reason: frame.reason,
        deadAt: totals.processedAt,
        receivedAt: utcText(frame.receivedAtMs),
        content: showContent(frame.content),
      });
      topicCounts(totals, UNREAD_TOPIC).deadLettered += frame.events;
      return { frameId: frame.id, isNew: true, verdicts };
    },
  };
}

/**
 * A call of `DeadLetterStore.deadLetterFrame` on its way to the writer's thread, which receives bytes as a plain
 * `Uint8Array`.
 */
export type DeadLetterFrameCall = Omit<UnreadableFrame, "content"> & { content: Uint8Array };

/** Prepares the transaction of `DeadLetterStore.deadLetterFrame`. */
export function prepareDeadLetterFrame(database: Database): (call: DeadLetterFrameCall) => Applied {
  const { addFrame } = prepareDeadLetters(database);
  const writeTotals = prepareWriteTotals(database);
  const deadLetterFrame = database.transaction(({ frameId, origin, ...frame }: DeadLetterFrameCall): Applied => {
    const totals = createBatchTotals({ maxNamed: 0 });
    const applied = addFrame(totals, { id: frameId, ...origin, ...frame });
    writeTotals(totals);
    return { frames: [applied], dropped: [] };
  });
  return deadLetterFrame.immediate;
}
