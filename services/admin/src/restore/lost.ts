import type { LogSnapshot } from "@tidemark/event-log/event-log";
import type { Loss, RestoredStore } from "@tidemark/event-store-postgres/archive/restored-store";
import type { PartsHeard } from "./listen-for-parts.ts";

/** The frames of a backup that were appended to the log. */
export interface Appended {
  frames: number;
  /** Their events by the generation of the log that held them before. */
  events: ReadonlyMap<string, number>;
}

export const NOTHING_APPENDED: Appended = { frames: 0, events: new Map() };

interface Sources {
  store: Pick<RestoredStore, "readApplied">;
  heard: PartsHeard;
  appended: Appended;
  /** The generation of the log that the backup holds frames of. */
  generation: string | undefined;
  /** The snapshot of the log after the frames were appended. */
  log: LogSnapshot;
}

/**
 * Counts the frames and events that the log had handed over and the store does not have. In the present generation of
 * the log, the lost frames are those that have left it minus those that are applied. The lost events are those that
 * gateways count as confirmed, minus those that are applied or in the log. The frames of a deleted log are not known.
 */
export async function countLosses({ store, heard, appended, generation, log }: Sources): Promise<Loss[]> {
  const present = await store.readApplied({ generation: log.generation, held: log.held ?? [] });
  const lostFrames = log.removed - present.goneFrames;
  const queuedEvents = log.events - present.heldEvents;
  const lostEvents = missing(heard, log.generation, present.events + queuedEvents);
  const losses: Loss[] = [
    { generation: log.generation, frames: lostFrames, events: lostEvents ?? (lostFrames === 0 ? 0 : null) },
  ];
  if (generation === undefined || generation === log.generation) return losses;
  const former = await store.readApplied({ generation, held: [] });
  const back = former.events + (appended.events.get(generation) ?? 0);
  return [...losses, { generation, frames: null, events: missing(heard, generation, back) }];
}

function missing({ confirmed }: PartsHeard, generation: string, present: number): number | null {
  const known = confirmed.get(generation);
  return known === undefined ? null : Math.max(0, known - present);
}
