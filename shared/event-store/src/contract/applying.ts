import { vi } from "vitest";
import type { Applied, AppliedDelivery, EventStore, StoredEvent } from "../event-store.ts";
import { deliveryOf } from "./frames.ts";

/** Applies deliveries in one call. */
export function apply(store: EventStore, ...deliveries: AppliedDelivery[]): Promise<Applied> {
  return store.apply(deliveries, { maxNamed: 100 });
}

/** Applies each list of events as a frame, all frames in one call. */
export async function verdictsOf(store: EventStore, ...frames: string[][]): Promise<string[]> {
  const applied = await apply(store, ...frames.map((events) => deliveryOf(events)));
  return applied.frames.map((frame) => frame.verdicts);
}

export async function findStored(store: EventStore, topic: string, eventId: string): Promise<StoredEvent> {
  const event = await store.findEvent(topic, eventId);
  if (event === undefined) throw new Error(`no event ${JSON.stringify(eventId)} in topic ${JSON.stringify(topic)}`);
  return event;
}

/** Waits until forward scans reach every stored event. They stop before events that another transaction may precede. */
export async function untilScannable(store: EventStore): Promise<void> {
  const upTo = await store.readTip();
  let after: string | undefined;
  await vi.waitFor(
    async () => {
      while (after !== upTo) {
        const { next } = await store.listEvents({ order: "asc", limit: 1_000, upTo, ...(after && { after }) });
        if (next === after) throw new Error(`forward scans are at ${next}, and the end is ${upTo}`);
        after = next;
      }
    },
    { timeout: 20_000, interval: 10 },
  );
}
