import { randomUUID } from "node:crypto";
import type { Frame } from "@tidemark/domain/frame";
import { waitFor } from "@tidemark/test-support/wait-for";
import { expect } from "vitest";
import type { Delivery, EventLog, UnreadableDelivery } from "../event-log.ts";

export const PLENTY = { maxEvents: 1_000_000, maxBytes: 1_000_000_000 };

export function createFrame(options: Partial<Frame> = {}): Frame {
  const requests = options.requests ?? [1];
  return {
    id: randomUUID(),
    requests,
    receivedAtMs: Date.now(),
    events: Buffer.from(JSON.stringify(requests.map((count) => ({ count })))),
    ...options,
  };
}

/** Takes until it has this many frames. */
export async function takeAll(log: EventLog, count: number): Promise<Delivery[]> {
  const deliveries: Delivery[] = [];
  while (deliveries.length < count) deliveries.push(...(await takeSome(log)).map(readable));
  return deliveries;
}

/** Takes at least one delivery. A closed log returns none at once, so that a loop on it would never end. */
export async function takeSome(log: EventLog, limits = PLENTY): Promise<(Delivery | UnreadableDelivery)[]> {
  const deliveries = await log.take(limits);
  if (deliveries.length === 0) throw new Error("the log was closed while the test was taking");
  return deliveries;
}

function readable(delivery: Delivery | UnreadableDelivery): Delivery {
  if (delivery.frame === undefined) throw delivery.error ?? new Error(delivery.damaged.reason);
  return delivery;
}

export async function waitForFrames(log: EventLog, frames: number): Promise<void> {
  let seen: unknown;
  await waitFor(`${frames} frames to be held`, async () => {
    seen = await log.snapshot();
    expect(seen).toMatchObject({ frames });
    return true;
  });
}
