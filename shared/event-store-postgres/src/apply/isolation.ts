import { InvalidInput } from "@tidemark/domain/errors";
import { countEvents } from "@tidemark/domain/frame";
import type { Applied, AppliedDelivery } from "@tidemark/event-store/event-store";
import { type FrameItem, readItems } from "@tidemark/event-store/frame-items";
import { DAMAGED_FRAME, type Refusal, refuseOwnFault } from "@tidemark/event-store/refusal";
import type { WriteConnection } from "../connection/connections.ts";
import { refusalOf, translatingErrors } from "../connection/errors.ts";
import { joinFrames } from "./batch.ts";
import { type ApplyCall, applyBatch, type Letter } from "./call.ts";
import { findRefused } from "./probe.ts";

// What was true when it was tried may not be any more when it is applied: others write at the same time.
const MAX_ROUNDS = 5;

/** A frame taken apart. */
interface Part {
  delivery: AppliedDelivery;
  /** How many events it declares. */
  declared: number;
  /** The ledger has it: whatever it holds is nobody's fault any more. */
  isKnown: boolean;
  items: PlacedItem[];
  /** Why it has no items. */
  damage?: string;
}

interface PlacedItem extends FrameItem {
  /** Which of its frame's items it is, from 0. */
  place: number;
}

/**
 * Applies a batch that the database refused: finds the events at fault, and applies it with those as dead letters.
 *
 * @throws {Error} when the fault is not theirs; nothing changed
 */
export async function applyIsolated(
  connection: WriteConnection,
  deliveries: AppliedDelivery[],
  maxNamed: number,
): Promise<Applied> {
  for (let round = 1; ; round++) {
    const parts = await takeApart(connection, deliveries);
    const unknown = parts.filter(({ isKnown }) => !isKnown);
    const items = unknown.flatMap((part) => part.items);
    const refused = await findRefused(connection, items);
    const judged = unknown.reduce((sum, { declared }) => sum + declared, 0);
    refuseOwnFault([...refused.values()], judged);
    try {
      return await applyBatch(connection, deliveries, { ...burying(refused, parts, deliveries), maxNamed });
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      if (round === MAX_ROUNDS) throw new Error("the store refuses together what it takes alone", { cause: error });
    }
  }
}

async function takeApart({ client }: WriteConnection, deliveries: AppliedDelivery[]): Promise<Part[]> {
  const bodies = new Map<string, AppliedDelivery>();
  for (const delivery of deliveries) if (!bodies.has(delivery.frame.id)) bodies.set(delivery.frame.id, delivery);
  const { rows } = await translatingErrors(() =>
    client.query<{ frame_id: string }>("SELECT frame_id FROM frames WHERE frame_id = ANY ($1)", [[...bodies.keys()]]),
  );
  const known = new Set(rows.map(({ frame_id }) => frame_id));
  return Array.from(bodies, ([id, delivery]) => readPart(delivery, known.has(id)));
}

function readPart(delivery: AppliedDelivery, isKnown: boolean): Part {
  const { frame } = delivery;
  const declared = countEvents(frame);
  try {
    const items = readItems(frame.events, declared).map((item, place) => ({ ...item, place }));
    return { delivery, declared, isKnown, items };
  } catch (error) {
    const damage = refusalOf(error)?.reason;
    if (damage === undefined) throw error;
    return { delivery, declared, isKnown, items: [], damage };
  }
}

/** The batch with a `{}` in the place of each event that is to be buried, and the letters for those and for damaged frames. */
function burying(
  refused: ReadonlyMap<PlacedItem, Refusal>,
  parts: Part[],
  deliveries: AppliedDelivery[],
): Pick<ApplyCall, "batch" | "letters"> {
  const texts = new Map(parts.map((part) => [part.delivery.frame.id, textOf(part, refused)]));
  const rewritten = deliveries.map(({ frame, origin }) => {
    return { frame: { ...frame, events: texts.get(frame.id) ?? frame.events }, origin };
  });
  const unreadable = parts.filter(({ damage, isKnown }) => damage !== undefined && !isKnown);
  const batch = joinFrames(rewritten, new Set(unreadable.map(({ delivery }) => delivery.frame.id)));
  return { batch, letters: parts.flatMap((part, body) => lettersOf(part, body, batch.starts[body] ?? 0, refused)) };
}

function textOf({ declared, isKnown, items }: Part, refused: ReadonlyMap<PlacedItem, Refusal>): Buffer {
  const texts = isKnown
    ? Array.from({ length: declared }, () => "{}")
    : items.map((item) => (refused.has(item) ? "{}" : item.content));
  return Buffer.from(`[${texts.join(",")}]`);
}

function lettersOf(
  { delivery, damage, isKnown, items }: Part,
  body: number,
  start: number,
  refused: ReadonlyMap<PlacedItem, Refusal>,
): Letter[] {
  if (isKnown) return [];
  if (damage !== undefined) return [{ body, code: DAMAGED_FRAME, reason: damage, content: delivery.frame.events }];
  return items.flatMap((item) => {
    const refusal = refused.get(item);
    if (refusal === undefined) return [];
    return [{ body, ordinal: start + item.place, topic: item.topic, content: Buffer.from(item.content), ...refusal }];
  });
}
