import { InvalidInput } from "@tidemark/domain/errors";
import { countEvents } from "@tidemark/domain/frame";
import type { Applied, AppliedDelivery } from "@tidemark/event-store/event-store";
import { type FrameItem, readItems } from "@tidemark/event-store/frame-items";
import { assertNotSystemic, DAMAGED_FRAME, OUT_OF_TIME, type Refusal } from "@tidemark/event-store/refusal";
import { refusalOf } from "../connection/errors.ts";
import type { Writers } from "../connection/writers.ts";
import { type ApplyCall, applyBatch, type NewDeadLetter } from "./apply-batch.ts";
import { joinFrames } from "./batch.ts";
import { findRefused } from "./isolate-search.ts";

// An event that a trial accepted may be refused when it is applied, because others write at the same time.
const MAX_ROUNDS = 5;

/** A frame and its events, one by one. */
interface SplitFrame {
  delivery: AppliedDelivery;
  /** The number of events it declares. */
  declared: number;
  /** Whether the ledger has the frame, so that none of its events is applied again. */
  isKnown: boolean;
  items: IndexedItem[];
  /** The reason why it has no items. */
  damage?: string;
}

interface IndexedItem extends FrameItem {
  /** The index in its frame. */
  index: number;
}

/**
 * Applies a batch that the database refused or that ran out of time. It finds the events at fault, and applies the
 * batch with those as dead letters.
 *
 * @throws {Error} when the fault is not in the events; nothing changed
 * @throws {Unavailable} `options.outOfTime`, the reason of the search, when no event is at fault
 */
export async function applyIsolated(
  writers: Writers,
  deliveries: AppliedDelivery[],
  { maxNamed, outOfTime }: { maxNamed: number; outOfTime?: unknown },
): Promise<Applied> {
  for (let round = 1; ; round++) {
    const frames = await splitFrames(writers, deliveries);
    const unknown = frames.filter(({ isKnown }) => !isKnown);
    const items = unknown.flatMap((frame) => frame.items);
    const refused = await findRefused(writers, items);
    if (outOfTime !== undefined && refused.size === 0) throw outOfTime;
    const eventCount = unknown.reduce((sum, { declared }) => sum + declared, 0);
    // The search has seen that the database takes other events in time.
    const refusals = [...refused.values()].filter(({ code }) => code !== OUT_OF_TIME);
    assertNotSystemic(refusals, eventCount);
    try {
      return await applyBatch(writers, deliveries, { ...withDeadLetters(refused, frames, deliveries), maxNamed });
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      if (round === MAX_ROUNDS)
        throw new Error("the store refuses events together that it accepts alone", { cause: error });
    }
  }
}

async function splitFrames(writers: Writers, deliveries: AppliedDelivery[]): Promise<SplitFrame[]> {
  const distinct = new Map<string, AppliedDelivery>();
  for (const delivery of deliveries) if (!distinct.has(delivery.frame.id)) distinct.set(delivery.frame.id, delivery);
  const find = "SELECT frame_id FROM frames WHERE frame_id = ANY ($1)";
  const { rows } = await writers.query<{ frame_id: string }>(find, [[...distinct.keys()]]);
  const known = new Set(rows.map(({ frame_id }) => frame_id));
  return Array.from(distinct, ([id, delivery]) => splitFrame(delivery, known.has(id)));
}

function splitFrame(delivery: AppliedDelivery, isKnown: boolean): SplitFrame {
  const { frame } = delivery;
  const declared = countEvents(frame);
  try {
    const items = readItems(frame.events, declared).map((item, index) => ({ ...item, index }));
    return { delivery, declared, isKnown, items };
  } catch (error) {
    const damage = refusalOf(error)?.reason;
    if (damage === undefined) throw error;
    return { delivery, declared, isKnown, items: [], damage };
  }
}

/** Returns the batch with a `{}` in the place of each refused event, and the dead letters of those and of damaged frames. */
function withDeadLetters(
  refused: ReadonlyMap<IndexedItem, Refusal>,
  frames: SplitFrame[],
  deliveries: AppliedDelivery[],
): Pick<ApplyCall, "batch" | "deadLetters"> {
  const texts = new Map(frames.map((frame) => [frame.delivery.frame.id, textOf(frame, refused)]));
  const rewritten = deliveries.map(({ frame, origin }) => {
    return { frame: { ...frame, events: texts.get(frame.id) ?? frame.events }, origin };
  });
  const unreadable = frames.filter(({ damage, isKnown }) => damage !== undefined && !isKnown);
  const batch = joinFrames(rewritten, new Set(unreadable.map(({ delivery }) => delivery.frame.id)));
  const deadLetters = frames.flatMap((frame, frameIndex) =>
    deadLettersOf(frame, { frameIndex, firstOrdinal: batch.firstOrdinals[frameIndex] ?? 0, refused }),
  );
  return { batch, deadLetters };
}

function textOf({ declared, isKnown, items }: SplitFrame, refused: ReadonlyMap<IndexedItem, Refusal>): Buffer {
  const texts = isKnown
    ? Array.from({ length: declared }, () => "{}")
    : items.map((item) => (refused.has(item) ? "{}" : item.content));
  return Buffer.from(`[${texts.join(",")}]`);
}

function deadLettersOf(
  { delivery, damage, isKnown, items }: SplitFrame,
  place: { frameIndex: number; firstOrdinal: number; refused: ReadonlyMap<IndexedItem, Refusal> },
): NewDeadLetter[] {
  const { frameIndex, firstOrdinal, refused } = place;
  if (isKnown) return [];
  if (damage !== undefined)
    return [{ frameIndex, code: DAMAGED_FRAME, reason: damage, content: delivery.frame.events }];
  return items.flatMap((item) => {
    const refusal = refused.get(item);
    if (refusal === undefined) return [];
    const content = Buffer.from(item.content);
    return [{ frameIndex, ordinal: firstOrdinal + item.index, topic: item.topic, content, ...refusal }];
  });
}
