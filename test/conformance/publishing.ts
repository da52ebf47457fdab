import { randomUUID } from "node:crypto";
import { DECLARED_SHAPE, type Shape } from "./environment.ts";
import { call, type JsonObject, type Reply, readJson } from "./http-client.ts";

/** Returns a topic that no other test and no other run uses. */
export function uniqueTopic(prefix = "conformance"): string {
  return `${prefix}.${randomUUID()}`;
}

/** Returns a valid event. Fields that are undefined are left out. */
export function makeEvent(fields: JsonObject): JsonObject {
  return {
    topic: "conformance",
    event_id: "evt-001",
    timestamp: "2025-10-23T10:00:00Z",
    source: "conformance",
    payload: { user_id: "123" },
    ...fields,
  };
}

/** Returns valid events of one topic: `e0`, `e1`, ... */
export function makeEvents(topic: string, count: number, firstNumber = 0): JsonObject[] {
  return Array.from({ length: count }, (_, index) => makeEvent({ topic, event_id: `e${firstNumber + index}` }));
}

/** Posts a text or bytes as `application/json`. */
export function postJson(body: string | Buffer, headers: Record<string, string> = {}): Promise<Reply> {
  return call("/publish", { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
}

/** Publishes events that must be accepted, and returns the counts of the answer 200. */
export async function publish(events: unknown): Promise<JsonObject> {
  return publishText(JSON.stringify(events));
}

export async function publishText(body: string): Promise<JsonObject> {
  const reply = await postJson(body, { prefer: "wait=30" });
  if (reply.status !== 200) throw new Error(`publish: ${reply.status} ${reply.text.slice(0, 2_000)}`);
  return readJson(reply);
}

/** Returns the path of an event. */
export function eventPath(topic: string, eventId: string): string {
  return `/events/${encodeURIComponent(topic)}/${encodeURIComponent(eventId)}`;
}

/** Detects the shape of the service; see environment.ts. */
export async function findShape(): Promise<Shape> {
  if (DECLARED_SHAPE !== undefined) return DECLARED_SHAPE;
  const reply = await postJson(JSON.stringify(makeEvent({ topic: uniqueTopic() })), { prefer: "respond-async" });
  return reply.status === 202 ? "stack" : "single";
}
