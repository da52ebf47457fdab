import { excessesOf } from "./bounds.ts";
import { CASES, reference } from "./cases.ts";
import { type Cost, measure } from "./measure.ts";
import { openTarget, type Shape, type Target } from "./target.ts";

/** A case, its cost, and the bounds that it exceeds. */
export interface Row {
  name: string;
  cost: Cost;
  excesses: string[];
}

export interface RunOptions {
  shape: Shape;
  /** The checkout whose services are started. */
  root: string;
  /** The time after which a case counts as stuck. */
  deadlineMs: number;
  onRow?: (row: Row) => void;
}

/** Measures every case. A deployment that is unusable after a case is replaced by a new one. */
export async function measureAll({ shape, root, deadlineMs, onRow }: RunOptions): Promise<Row[]> {
  const rows: Row[] = [];
  let target: Target | undefined;
  let ordinary: Cost | undefined;
  try {
    // This runs twice, because the first run compiles the code and opens connections.
    for (const create of [reference, reference, ...CASES]) {
      target ??= await openTarget(shape, root);
      const hostile = create();
      const cost = await measure(target, hostile, deadlineMs);
      if (create === reference) ordinary = cost;
      const { name, answerBytesPerByte } = hostile;
      const row = { name, cost, excesses: excessesOf(cost, { reference: ordinary ?? cost, answerBytesPerByte }) };
      rows.push(row);
      onRow?.(row);
      if (!cost.isStuck) continue;
      await target.close();
      target = undefined;
    }
  } finally {
    await target?.close();
  }
  return rows.slice(1);
}
