import { EventNumbers, eventOffset, makeBody, writeEvent } from "../loader/sample-events.ts";

export const ROWS_A_BATCH = 1_000;

/** One event as a row of the table. */
export interface Row {
  topic: string;
  event_id: string;
  timestamp: string;
  source: string;
  /** JSON text. */
  payload: string;
}

export interface RowBatch {
  number: number;
  /** The events as a JSON array. */
  text: Buffer;
  /** The same events as rows. */
  rows(): Row[];
}

/** Creates batches of the stream that the loader sends: the same events, the same share of duplicates. */
export function createBatches(runId: string, duplicateRate: number): () => RowBatch {
  const numbers = new EventNumbers({ duplicateRate });
  const blank = makeBody(runId, ROWS_A_BATCH);
  let made = 0;
  return () => {
    const text = Buffer.from(blank);
    for (let index = 0; index < ROWS_A_BATCH; index++) {
      writeEvent(text, eventOffset(index, ROWS_A_BATCH), numbers.next());
    }
    const rows = () =>
      (JSON.parse(text.toString()) as (Omit<Row, "payload"> & { payload: object })[]).map((event) => ({
        ...event,
        payload: JSON.stringify(event.payload),
      }));
    return { number: ++made, text, rows };
  };
}

/** Measures the rows per second of `insert`, without the time of `prepare`. */
export async function measureRows<Prepared>(
  seconds: number,
  prepare: () => Prepared,
  insert: (prepared: Prepared) => Promise<unknown> | unknown,
): Promise<number> {
  let rows = 0;
  let spentMs = 0;
  while (spentMs < seconds * 1_000) {
    const prepared = prepare();
    const startedAt = performance.now();
    await insert(prepared);
    spentMs += performance.now() - startedAt;
    rows += ROWS_A_BATCH;
  }
  return (rows / spentMs) * 1_000;
}
