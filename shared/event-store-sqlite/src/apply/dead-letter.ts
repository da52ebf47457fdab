import { DEAD_LETTER, type Verdicts } from "@tidemark/domain/verdict";
import type { UnreadableFrame } from "@tidemark/event-store/dead-letters";
import type { Applied, AppliedFrame } from "@tidemark/event-store/event-store";
import type { FrameItem } from "@tidemark/event-store/frame-items";
import { DAMAGED_FRAME, type Refusal, showContent, UNREAD_TOPIC } from "@tidemark/event-store/refusal";
import type { Database } from "better-sqlite3";
import { countsOf, type Pass, prepareCounters, sixDigits, startPass } from "./batch-totals.ts";
import { prepareLedger } from "./ledger.ts";

/** A frame none of whose events can be told from the others. */
export interface DamagedFrame {
  id: string;
  generation: string;
  sequence: number;
  receivedAtMs: number;
  /** How many events it declares. */
  events: number;
  reason: string;
  content: Uint8Array;
}

interface RefusedItem {
  frameId: string;
  /** Which of the frame's events it is, from 0. */
  ordinal: number;
  receivedAt: string;
  item: FrameItem;
  refusal: Refusal;
}

/** Prepares what makes a dead letter, each a part of its caller's transaction. */
export function prepareBurial(database: Database) {
  const ledger = prepareLedger(database);
  const insert = database.prepare<{
    frameId: string;
    ordinal: number | null;
    topic: string | null;
    events: number;
    code: string;
    reason: string;
    deadAt: string;
    receivedAt: string;
    content: string;
  }>(
    `INSERT INTO dead_letters (frame_id, ordinal, topic, events, code, reason, attempts, dead_at, received_at, content)
     VALUES (@frameId, @ordinal, @topic, @events, @code, @reason, 1, @deadAt, @receivedAt, @content)`,
  );
  return {
    buryItem: (pass: Pass, { item, refusal, ...place }: RefusedItem): Verdicts => {
      const topic = item.topic ?? null;
      insert.run({ ...place, ...refusal, topic, content: item.content, events: 1, deadAt: pass.processedAt });
      countsOf(pass, topic ?? UNREAD_TOPIC).deadLettered++;
      pass.refusals.push(refusal);
      return DEAD_LETTER;
    },
    /** Counts nothing for a frame that the ledger knows. */
    buryFrame: (pass: Pass, frame: DamagedFrame): AppliedFrame => {
      const known = ledger.recall(pass, frame);
      if (known !== undefined) return { frameId: frame.id, isNew: false, verdicts: known };
      const verdicts = DEAD_LETTER.repeat(frame.events);
      ledger.insert(pass, { ...frame, verdicts });
      insert.run({
        frameId: frame.id,
        ordinal: null,
        topic: null,
        events: frame.events,
        code: DAMAGED_FRAME,
        reason: frame.reason,
        deadAt: pass.processedAt,
        receivedAt: sixDigits(frame.receivedAtMs),
        content: showContent(frame.content),
      });
      countsOf(pass, UNREAD_TOPIC).deadLettered += frame.events;
      return { frameId: frame.id, isNew: true, verdicts };
    },
  };
}

/** What crosses to the writer's thread: bytes that are no more a `Buffer` there. */
export type BuryCall = Omit<UnreadableFrame, "content"> & { content: Uint8Array };

/** Prepares the transaction of `DeadLetterStore.bury`. */
export function prepareBury(database: Database): (call: BuryCall) => Applied {
  const { buryFrame } = prepareBurial(database);
  const writeCounters = prepareCounters(database);
  const deadLetterFrame = database.transaction(({ frameId, origin, ...frame }: BuryCall): Applied => {
    const pass = startPass({ maxNamed: 0 });
    const buried = buryFrame(pass, { id: frameId, ...origin, ...frame });
    writeCounters(pass);
    return { frames: [buried], dropped: [] };
  });
  return deadLetterFrame.immediate;
}
