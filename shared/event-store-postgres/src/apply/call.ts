import { countEvents } from "@tidemark/domain/frame";
import type { Verdicts } from "@tidemark/domain/verdict";
import type { Applied, AppliedDelivery, AppliedFrame, DroppedDuplicate } from "@tidemark/event-store/event-store";
import type { Refusal } from "@tidemark/event-store/refusal";
import type { WriteConnection } from "../connection/connections.ts";
import { retryingRollbacks, translatingErrors } from "../connection/errors.ts";
import type { Batch } from "./batch.ts";

const MAX_INTEGER = 2 ** 31 - 1;
// The last instant that PostgreSQL reads as JavaScript writes it; a damaged envelope may name a later one.
const LAST_RECEIPT_MS = Date.UTC(9999, 11, 31);

const APPLY = {
  name: "apply_frames_1", // prepared once per connection
  text: `SELECT is_new, frame_verdicts, dropped
         FROM apply_frames_1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
};

export interface ApplyCall {
  batch: Batch;
  /** In the order of frames and events. */
  letters: Letter[];
  maxNamed: number;
}

/** What to deadLetterFrame of a batch, instead of applying it. */
export interface Letter extends Refusal {
  /** The place of its frame among the bodies, from 0. */
  body: number;
  /** The ordinal of an event, whose text in the batch is `{}`; absent for all of a frame, which adds nothing to the batch. */
  ordinal?: number;
  topic?: string | undefined;
  content: Uint8Array;
}

interface ApplyRow {
  is_new: boolean[];
  /** Null: the ledger row vanished meanwhile. */
  frame_verdicts: (Verdicts | null)[];
  dropped: DroppedDuplicate[] | null;
}

/** Applies a batch in a transaction of its own, and deals the verdicts out in the order of the deliveries. */
export async function applyBatch(
  connection: WriteConnection,
  deliveries: AppliedDelivery[],
  call: ApplyCall,
): Promise<Applied> {
  const row = await translatingErrors(() => retryingRollbacks(() => callApply(connection, call)));
  return readApplied(deliveries, call.batch, row);
}

/** Calls `apply_frames_1`. Throws what the driver throws, untranslated. */
export async function callApply(
  { client, slot }: WriteConnection,
  { batch, letters, maxNamed }: ApplyCall,
): Promise<ApplyRow | undefined> {
  const { bodies, repeats, starts, events } = batch;
  const inOrder = [...bodies, ...repeats];
  const values = [
    inOrder.map(({ frame }) => frame.id),
    inOrder.map(({ origin }) => origin.generation),
    inOrder.map(({ origin }) => origin.sequence),
    inOrder.map(({ frame }) => countEvents(frame)),
    inOrder.map(({ frame }) => new Date(Math.min(frame.receivedAtMs, LAST_RECEIPT_MS)).toISOString()),
    bodies.length,
    starts,
    events,
    slot,
    Math.min(maxNamed, MAX_INTEGER), // Infinity, for every copy, is no integer
    letters.map(({ body }) => body + 1),
    letters.map(({ ordinal }) => ordinal ?? null),
    letters.map(({ topic }) => topic ?? null),
    letters.map(({ code }) => code),
    letters.map(({ reason }) => reason),
    letters.map(({ content }) => content),
  ];
  const { rows } = await client.query<ApplyRow>({ ...APPLY, values });
  return rows[0];
}

/** What the database answered, in the order of the deliveries. */
export function readApplied(deliveries: AppliedDelivery[], { bodies }: Batch, row: ApplyRow | undefined): Applied {
  if (row === undefined) throw new Error("apply_frames_1 returned no row");
  const judged = new Map(bodies.map(({ frame }, index) => [frame.id, judgedFrame(row, index, countEvents(frame))]));
  const dealt = new Set<string>();
  const frames = deliveries.map(({ frame }) => {
    const { isNew, verdicts } = judged.get(frame.id) ?? { isNew: false, verdicts: "" };
    const isRepeat = dealt.has(frame.id);
    dealt.add(frame.id);
    return { frameId: frame.id, isNew: isNew && !isRepeat, verdicts };
  });
  return { frames, dropped: row.dropped ?? [] };
}

function judgedFrame(row: ApplyRow, index: number, eventCount: number): Omit<AppliedFrame, "frameId"> {
  const verdicts = row.frame_verdicts[index];
  const isNew = row.is_new[index];
  if (verdicts === undefined || verdicts === null || isNew === undefined || (isNew && verdicts.length !== eventCount)) {
    throw new Error("the verdicts do not fit the frames");
  }
  return { isNew, verdicts };
}
