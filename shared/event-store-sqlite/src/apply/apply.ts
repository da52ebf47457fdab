import type { Verdicts } from "@tidemark/domain/verdict";
import type { Applied, AppliedFrame } from "@tidemark/event-store/event-store";
import { assertNotSystemic } from "@tidemark/event-store/refusal";
import type { Database } from "better-sqlite3";
import { refusalOf, refusedByStore } from "../connection/errors.ts";
import { utcText } from "../schema/columns.ts";
import { createBatchTotals } from "./batch-totals.ts";
import { type ApplyCall, textOf } from "./call.ts";
import { type DeduplicateOptions, prepareDeduplicate } from "./deduplicate.ts";
import { type ApplyNewFrame, prepareIsolate } from "./isolate.ts";
import { prepareLedger } from "./ledger.ts";
import { readEvents } from "./read-events.ts";
import { prepareWriteTotals } from "./write-totals.ts";

/**
 * Prepares the transaction of `EventStore.apply`, which is called for each batch. It uses prepared statements, because
 * a query builder costs more for a row than SQLite itself. The store accepts every event of almost every batch, so the
 * usual path spends no time on refusals. The first refusal rolls back the transaction, and the batch is applied again,
 * event by event.
 */
export function prepareApply(database: Database, options: DeduplicateOptions): (call: ApplyCall) => Applied {
  const ledger = prepareLedger(database);
  const writeTotals = prepareWriteTotals(database);
  const apply = database.transaction((call: ApplyCall, applyNewFrame: ApplyNewFrame): Applied => {
    const totals = createBatchTotals(call);
    const frames = call.frames.map((frame): AppliedFrame => {
      // The second of two equal frames in one call finds the row of the first, in the same transaction.
      const known = ledger.recognize(totals, frame);
      if (known !== undefined) return { frameId: frame.id, isNew: false, verdicts: known };
      return applyNewFrame(totals, frame, textOf(call, frame));
    });
    assertNotSystemic(
      totals.refusals,
      frames.reduce((sum, { isNew, verdicts }) => sum + (isNew ? verdicts.length : 0), 0),
    );
    writeTotals(totals);
    return { frames, dropped: totals.dropped };
  }).immediate;
  const [applyWhole, isolate] = [prepareApplyWhole(database, options), prepareIsolate(database, options)];
  return (call) => {
    try {
      return apply(call, applyWhole);
    } catch (error) {
      if (refusalOf(error) === undefined) throw error;
      return apply(call, isolate);
    }
  };
}

/** Prepares the usual way: applies all events of a frame, or throws. */
function prepareApplyWhole(database: Database, options: DeduplicateOptions): ApplyNewFrame {
  const deduplicate = prepareDeduplicate(database, options);
  const ledger = prepareLedger(database);
  return (totals, frame, text) => {
    const events = readEvents(text);
    if (events.length !== frame.events) throw refusedByStore("damaged frame: it holds another number of events");
    const receivedAt = utcText(frame.receivedAtMs);
    let verdicts: Verdicts = "";
    for (const event of events) verdicts += deduplicate(totals, event, receivedAt);
    ledger.insert(totals, { ...frame, verdicts });
    return { frameId: frame.id, isNew: true, verdicts };
  };
}
