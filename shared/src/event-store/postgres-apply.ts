import { countEvents } from "../frame.ts";
import type { Verdicts } from "../verdict.ts";
import type { Applied, AppliedDelivery, AppliedFrame, DroppedCopy } from "./event-store.ts";
import { joinFrames } from "./postgres-batch.ts";
import type { WriteConnection } from "./postgres-connections.ts";
import { retryingRollbacks, translatingErrors } from "./postgres-errors.ts";

const MAX_INTEGER = 2 ** 31 - 1;

const APPLY = {
  name: "apply_frames_1", // prepared once per connection
  text: "SELECT is_new, frame_verdicts, dropped FROM apply_frames_1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
};

interface ApplyRow {
  is_new: boolean[];
  frame_verdicts: Verdicts[];
  dropped: DroppedCopy[] | null;
}

/** `EventStore.apply`: joins the frames, applies them by one call, and deals the verdicts out. */
export async function applyFrames(
  { client, slot }: WriteConnection,
  deliveries: AppliedDelivery[],
  maxNamed: number,
): Promise<Applied> {
  const { bodies, repeats, starts, events } = joinFrames(deliveries);
  const inOrder = [...bodies, ...repeats];
  const values = [
    inOrder.map(({ frame }) => frame.id),
    inOrder.map(({ origin }) => origin.incarnation),
    inOrder.map(({ origin }) => origin.sequence),
    inOrder.map(({ frame }) => countEvents(frame)),
    inOrder.map(({ frame }) => new Date(frame.receivedAtMs).toISOString()),
    bodies.length,
    starts,
    events,
    slot,
    Math.min(maxNamed, MAX_INTEGER), // Infinity, for every copy, is no integer
  ];
  const { rows } = await translatingErrors(() => retryingRollbacks(() => client.query<ApplyRow>({ ...APPLY, values })));
  const [row] = rows;
  if (row === undefined) throw new Error("apply_frames_1 returned no row");
  const judged = new Map(bodies.map(({ frame }, index) => [frame.id, judgedFrame(row, index, countEvents(frame))]));
  return { frames: dealOut(deliveries, judged), dropped: row.dropped ?? [] };
}

function judgedFrame(row: ApplyRow, index: number, eventCount: number): Omit<AppliedFrame, "frameId"> {
  const verdicts = row.frame_verdicts[index];
  const isNew = row.is_new[index];
  if (verdicts === undefined || isNew === undefined || (isNew && verdicts.length !== eventCount)) {
    throw new Error("the verdicts do not fit the frames");
  }
  return { isNew, verdicts };
}

function dealOut(deliveries: AppliedDelivery[], judged: Map<string, Omit<AppliedFrame, "frameId">>): AppliedFrame[] {
  const dealt = new Set<string>();
  return deliveries.map(({ frame }) => {
    const { isNew, verdicts } = judged.get(frame.id) ?? { isNew: false, verdicts: "" };
    const isRepeat = dealt.has(frame.id);
    dealt.add(frame.id);
    return { frameId: frame.id, isNew: isNew && !isRepeat, verdicts };
  });
}
