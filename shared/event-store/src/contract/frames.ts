import { randomUUID } from "node:crypto";
import type { Frame } from "@tidemark/domain/frame";
import type { AppliedDelivery } from "../event-store.ts";

/** Builders of events and frames for tests: every field has a value nobody has to care about. */

/** Fields of an event; `payload` and `attributes` are JSON texts, so that a test decides about every digit. */
export interface SampleEvent {
  topic?: string;
  id?: string;
  timestamp?: string;
  source?: string;
  payload?: string;
  attributes?: string;
  /** Whether the gateway filled in the timestamp. */
  isTimestampFilled?: boolean;
}

/** A name no other test uses. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID()}`;
}

/** The JSON text of an event as it stands in a frame. */
export function eventText(sample: SampleEvent = {}): string {
  const { topic = "test.happened", id = uniqueName("event"), payload, attributes } = sample;
  const { timestamp = "2025-10-23T10:00:00Z", source = "test" } = sample;
  const fields = [
    `"topic":${JSON.stringify(topic)}`,
    `"event_id":${JSON.stringify(id)}`,
    `"timestamp":${JSON.stringify(timestamp)}`,
    `"source":${JSON.stringify(source)}`,
  ];
  if (payload !== undefined) fields.push(`"payload":${payload}`);
  if (attributes !== undefined) fields.push(`"attributes":${attributes}`);
  if (sample.isTimestampFilled) fields.push('"is_timestamp_filled":true');
  return `{${fields.join(",")}}`;
}

/** A frame of these events, one request unless `overrides` says otherwise. */
export function frameOf(events: string[], overrides: Partial<Frame> = {}): Frame {
  return {
    id: randomUUID(),
    requests: [events.length],
    receivedAtMs: Date.now(),
    events: Buffer.from(`[${events.join(",")}]`),
    ...overrides,
  };
}

/** A frame of these events on its way to the store, alone in a log of its own unless `overrides` says otherwise. */
export function deliveryOf(
  events: string[],
  overrides: Partial<Frame & AppliedDelivery["origin"]> = {},
): AppliedDelivery {
  const { generation = randomUUID(), sequence = 1, ...frame } = overrides;
  return { frame: frameOf(events, frame), origin: { generation, sequence } };
}
