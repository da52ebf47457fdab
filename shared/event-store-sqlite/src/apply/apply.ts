import type { Verdicts } from "@tidemark/domain/verdict";
import type { Applied, AppliedFrame } from "@tidemark/event-store/event-store";
import { type FrameItem, readItems } from "@tidemark/event-store/frame-items";
import { assertNotSystemic, type Refusal } from "@tidemark/event-store/refusal";
import type { Database } from "better-sqlite3";
import { refusalOf, refusedByStore } from "../connection/errors.ts";
import { type Pass, prepareCounters, sixDigits, startPass } from "./batch-totals.ts";
import { prepareBurial } from "./dead-letter.ts";
import { prepareJudge, tryItem } from "./deduplicate.ts";
import { prepareLedger } from "./ledger.ts";
import { readEvents } from "./read-events.ts";

/** What crosses to the writer's thread: frames, and their events' texts one after another in `bytes`. */
export interface ApplyCall {
  frames: PackedFrame[];
  bytes: Uint8Array;
  maxNamed: number;
}

export interface PackedFrame {
  id: string;
  generation: string;
  sequence: number;
  receivedAtMs: number;
  /** How many events it declares. */
  events: number;
  /** Where its text stands in `bytes`. */
  start: number;
  end: number;
}

/** Judges the events of a frame that the ledger does not know. */
type JudgeFrame = (pass: Pass, frame: PackedFrame, text: Buffer) => AppliedFrame;

/**
 * Prepares the transaction of `EventStore.apply`, to be called for each batch. Plain prepared statements: a query builder
 * would have nothing to build here, and costs more for a row than SQLite does.
 *
 * Every event of nearly every batch is taken, and nothing is spent there on those that are not: the first one refused
 * rolls everything back, and the batch is judged once more, item by item.
 */
export function prepareApply(database: Database): (call: ApplyCall) => Applied {
  const ledger = prepareLedger(database);
  const writeCounters = prepareCounters(database);
  const apply = database.transaction((call: ApplyCall, judgeFrame: JudgeFrame): Applied => {
    const pass = startPass(call);
    const frames = call.frames.map((frame): AppliedFrame => {
      // The second of two in one call finds the row of the first: same transaction.
      const known = ledger.recall(pass, frame);
      if (known !== undefined) return { frameId: frame.id, isNew: false, verdicts: known };
      return judgeFrame(pass, frame, textOf(call, frame));
    });
    assertNotSystemic(
      pass.refusals,
      frames.reduce((sum, { isNew, verdicts }) => sum + (isNew ? verdicts.length : 0), 0),
    );
    writeCounters(pass);
    return { frames, dropped: pass.dropped };
  }).immediate;
  const [judgeEvents, judgeItems] = [prepareEvents(database), prepareItems(database)];
  return (call) => {
    try {
      return apply(call, judgeEvents);
    } catch (error) {
      if (refusalOf(error) === undefined) throw error;
      return apply(call, judgeItems);
    }
  };
}

function textOf({ bytes }: ApplyCall, { start, end }: PackedFrame): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
}

/** Takes a frame's events all, or throws. */
function prepareEvents(database: Database): JudgeFrame {
  const judge = prepareJudge(database);
  const ledger = prepareLedger(database);
  return (pass, frame, text) => {
    const events = readEvents(text);
    if (events.length !== frame.events) throw refusedByStore("damaged frame: it holds another number of events");
    const receivedAt = sixDigits(frame.receivedAtMs);
    let verdicts: Verdicts = "";
    for (const event of events) verdicts += judge(pass, event, receivedAt);
    ledger.insert(pass, { ...frame, verdicts });
    return { frameId: frame.id, isNew: true, verdicts };
  };
}

/** Takes a frame's events one by one, and buries those that are refused; all of it where it cannot be taken apart. */
function prepareItems(database: Database): JudgeFrame {
  const judge = prepareJudge(database);
  const burial = prepareBurial(database);
  const ledger = prepareLedger(database);
  return (pass, frame, text) => {
    const items = itemsOrRefusal(text, frame.events);
    if (!Array.isArray(items)) return burial.buryFrame(pass, { ...frame, reason: items.reason, content: text });
    const receivedAt = sixDigits(frame.receivedAtMs);
    let verdicts: Verdicts = "";
    for (const [ordinal, item] of items.entries()) {
      const verdict = tryItem(judge, pass, item.content, receivedAt);
      if (typeof verdict === "string") verdicts += verdict;
      else verdicts += burial.buryItem(pass, { frameId: frame.id, ordinal, receivedAt, item, refusal: verdict });
    }
    ledger.insert(pass, { ...frame, verdicts });
    return { frameId: frame.id, isNew: true, verdicts };
  };
}

function itemsOrRefusal(text: Buffer, declared: number): FrameItem[] | Refusal {
  try {
    return readItems(text, declared);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    return refusal;
  }
}
