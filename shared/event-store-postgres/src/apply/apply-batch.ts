import { countEvents } from "@tidemark/domain/frame";
import type { Verdicts } from "@tidemark/domain/verdict";
import type { Applied, AppliedDelivery, AppliedFrame, DroppedDuplicate } from "@tidemark/event-store/event-store";
import type { Refusal } from "@tidemark/event-store/refusal";
import type { Session } from "../connection/session.ts";
import { APPLY_FRAMES } from "../schema/columns.ts";
import type { Batch } from "./batch.ts";

const MAX_INTEGER = 2 ** 31 - 1;
// The last instant whose text from JavaScript PostgreSQL can read. The header of a damaged frame may name a later one.
const LAST_RECEIPT_MS = Date.UTC(9999, 11, 31);

const APPLY = {
  name: APPLY_FRAMES, // prepared once per connection
  text: `SELECT is_new, frame_verdicts, dropped
         FROM ${APPLY_FRAMES}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
};

export interface ApplyCall {
  batch: Batch;
  /** In the order of frames and events. */
  deadLetters: NewDeadLetter[];
  maxNamed: number;
}

/** An event, or a whole frame, that becomes a dead letter instead of being applied. */
export interface NewDeadLetter extends Refusal {
  /** The index of its frame among the distinct frames of the batch. */
  frameIndex: number;
  /** The ordinal of an event, whose text in the batch is `{}`; undefined for a whole frame, which is not in the batch. */
  ordinal?: number;
  topic?: string | undefined;
  content: Uint8Array;
}

interface ApplyRow {
  is_new: boolean[];
  /** Null if the ledger row was deleted at the same moment. */
  frame_verdicts: (Verdicts | null)[];
  dropped: DroppedDuplicate[] | null;
}

/** Applies a batch, and returns the verdicts in the order of the deliveries. */
export async function applyBatch(
  connection: Pick<Session, "query">,
  deliveries: AppliedDelivery[],
  { batch, deadLetters, maxNamed }: ApplyCall,
): Promise<Applied> {
  const inOrder = [...batch.distinct, ...batch.repeats];
  const values = [
    inOrder.map(({ frame }) => frame.id),
    inOrder.map(({ origin }) => origin.generation),
    inOrder.map(({ origin }) => origin.sequence),
    inOrder.map(({ frame }) => countEvents(frame)),
    inOrder.map(({ frame }) => new Date(Math.min(frame.receivedAtMs, LAST_RECEIPT_MS)).toISOString()),
    batch.distinct.length,
    batch.firstOrdinals,
    batch.events,
    Math.min(maxNamed, MAX_INTEGER), // Infinity requests all dropped events, and the function takes an integer
    deadLetters.map(({ frameIndex }) => frameIndex + 1),
    deadLetters.map(({ ordinal }) => ordinal ?? null),
    deadLetters.map(({ topic }) => topic ?? null),
    deadLetters.map(({ code }) => code),
    deadLetters.map(({ reason }) => reason),
    deadLetters.map(({ content }) => content),
  ];
  const { rows } = await connection.query<ApplyRow>({ ...APPLY, values });
  return readApplied(deliveries, batch, rows[0]);
}

function readApplied(deliveries: AppliedDelivery[], { distinct }: Batch, row: ApplyRow | undefined): Applied {
  if (row === undefined) throw new Error(`${APPLY_FRAMES} returned no row`);
  const byId = new Map(distinct.map(({ frame }, index) => [frame.id, readFrame(row, index, countEvents(frame))]));
  const answered = new Set<string>();
  const frames = deliveries.map(({ frame }) => {
    const { isNew, verdicts } = byId.get(frame.id) ?? { isNew: false, verdicts: "" };
    const isRepeat = answered.has(frame.id);
    answered.add(frame.id);
    return { frameId: frame.id, isNew: isNew && !isRepeat, verdicts };
  });
  return { frames, dropped: row.dropped ?? [] };
}

function readFrame(row: ApplyRow, index: number, eventCount: number): Omit<AppliedFrame, "frameId"> {
  const verdicts = row.frame_verdicts[index];
  const isNew = row.is_new[index];
  if (verdicts === undefined || verdicts === null || isNew === undefined || (isNew && verdicts.length !== eventCount)) {
    throw new Error("the verdicts do not match the frames");
  }
  return { isNew, verdicts };
}
