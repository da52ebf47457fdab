import { randomUUID } from "node:crypto";
import type { Frame } from "@tidemark/domain/frame";
import type { AppliedDelivery } from "../event-store.ts";

/** Fields of an event for a test. `payload` and `attributes` are JSON texts, so that a test decides every digit. */
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

/** Returns a name that no other test uses. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID()}`;
}

/** Returns the JSON text of an event. Every field that is not given has a default. */
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

/** Returns a frame of these events. By default they are one request. */
export function frameOf(events: string[], overrides: Partial<Frame> = {}): Frame {
  return {
    id: randomUUID(),
    requests: [events.length],
    receivedAtMs: Date.now(),
    events: Buffer.from(`[${events.join(",")}]`),
    ...overrides,
  };
}

/** Returns a delivery of a frame of these events. By default it is the only frame of its log. */
export function deliveryOf(
  events: string[],
  overrides: Partial<Frame & AppliedDelivery["origin"]> = {},
): AppliedDelivery {
  const { generation = randomUUID(), sequence = 1, ...frame } = overrides;
  return { frame: frameOf(events, frame), origin: { generation, sequence } };
}
