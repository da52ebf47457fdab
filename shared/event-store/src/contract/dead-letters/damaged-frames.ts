import { randomBytes, randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { UnreadableFrame } from "../../dead-letters.ts";
import type { AppliedDelivery } from "../../event-store.ts";
import { apply } from "../applying.ts";
import { deliveryOf, eventText } from "../frames.ts";
import type { OpenForTest } from "../store-under-test.ts";
import { countsOf, deadLettersOf, onlyDeadLetter } from "./read-dead-letters.ts";

function declaring(requests: number[], events: string[]): AppliedDelivery {
  return deliveryOf(events, { requests });
}

function holding(text: string | Buffer): AppliedDelivery {
  return deliveryOf([], { requests: [1], events: Buffer.from(text) });
}

const event = () => eventText({ topic: "damaged", source: "caf\u00e9" });

const kept = (payload?: string) => eventText({ topic: "kept", id: "kept", ...(payload !== undefined && { payload }) });

/** Frames whose text is not a JSON array with the number of items that they declare. */
const DAMAGED: [name: string, delivery: () => AppliedDelivery][] = [
  ["declares more events than it holds", () => declaring([1, 2], [event(), event()])],
  ["declares fewer events than it holds", () => declaring([1], [event(), event()])],
  ["holds none of the declared events", () => declaring([1], [])],
  ["has no text", () => holding("")],
  ["is cut short", () => holding(`[${event().slice(0, -1)}`)],
  ["has no end", () => holding(`[${event()}`)],
  ["has something behind its end", () => holding(`[${event()}]]`)],
  ["has a comma too many", () => holding(`[${event()},]`)],
  ["is not an array", () => holding(event())],
  ["has a payload that is not JSON", () => declaring([2], [event(), eventText({ payload: '{"a":}' })])],
  ["has attributes that are not JSON", () => declaring([1], [eventText({ attributes: '{"a":1,}' })])],
  ["has a copy whose payload is not JSON", () => declaring([2], [kept(), kept('{"a":01}')])],
];

/** Items of a JSON array that are not events; `topic` is the topic that can be read. */
const NO_EVENTS: [name: string, item: string, topic: string | undefined][] = [
  ["is not an object", "[1]", undefined],
  ["has no id", eventText({ topic: "t" }).replace("event_id", "event_no"), "t"],
  ["has no topic", eventText().replace('"topic"', '"tropic"'), undefined],
  ["has no source", '{"topic":"t","event_id":"e","timestamp":"2025-10-23T10:00:00Z"}', "t"],
  ["has an invalid timestamp", eventText({ topic: "t", timestamp: "2025-02-29T00:00:00Z" }), "t"],
  ["has a payload that is not an object", eventText({ topic: "t", payload: "[]" }), "t"],
  [
    "has a topic with NUL, and no source",
    `{"topic":"t\\u0000","event_id":"e","timestamp":"2025-10-23T10:00:00Z"}`,
    undefined,
  ],
  ["has a topic too long for any index", `{"topic":"${randomBytes(50_000).toString("hex")}"}`, undefined],
  ["has half a character for a topic", '{"topic":"t\\ud83d"}', undefined],
  ["has attributes that are not an object", eventText({ topic: "t", attributes: "1" }), "t"],
];

function unreadable(overrides: Partial<UnreadableFrame> = {}): UnreadableFrame {
  return {
    frameId: randomUUID(),
    origin: { generation: "i", sequence: 7 },
    events: 3,
    receivedAtMs: Date.now(),
    reason: "damaged frame: no header",
    content: Buffer.from("caf\u00e9"),
    ...overrides,
  };
}

export function describeDamagedFrames(open: OpenForTest): void {
  describe("a frame among others becomes one dead letter when its text", () => {
    test.each(DAMAGED)("a frame among others becomes one dead letter when its text %s", async (_name, damaged) => {
      const { store } = await open();
      const delivery = damaged();
      const declared = delivery.frame.requests.reduce((sum, count) => sum + count, 0);
      const dead = "x".repeat(declared);

      const { frames, dropped } = await apply(store, deliveryOf([kept()]), delivery, deliveryOf([kept(), event()]));

      expect(frames.map(({ verdicts }) => verdicts)).toEqual(["s", dead, "ds"]);
      expect(dropped).toHaveLength(1);
      expect(await countsOf(store)).toEqual({ stored: 2, duplicates: 1, conflicts: 0, deadLettered: declared });
      const { topic, ...letter } = await onlyDeadLetter(store);
      expect(letter).toMatchObject({ frameId: delivery.frame.id, events: declared, code: "damaged_frame" });
      expect(letter.content).toBe(delivery.frame.events.toString());
      expect(topic).toBeUndefined();
      const { byTopic } = await store.readBooks({ maxTopics: 1, topic: "" });
      expect(byTopic).toMatchObject([{ topic: "", stored: 0, duplicates: 0, deadLettered: declared }]);
      expect((await apply(store, delivery)).frames).toMatchObject([{ isNew: false, verdicts: dead }]);
      expect(await deadLettersOf(store)).toHaveLength(1);
    });

    test("a frame among others becomes one dead letter when its text is not UTF-8, and is shown in base64", async () => {
      const { store } = await open();
      const events = Buffer.from(`[${event()}]`, "latin1");

      const { frames } = await apply(store, holding(events));

      expect(frames).toMatchObject([{ isNew: true, verdicts: "x" }]);
      const { content, code } = await onlyDeadLetter(store);
      expect(code).toBe("damaged_frame");
      expect(Buffer.from(content, "base64")).toEqual(events);
    });
  });

  test("two frames whose wrong counts cancel out are both dead letters", async () => {
    const { store } = await open();

    const { frames } = await apply(store, declaring([1], [event(), event()]), declaring([2], [event()]));

    expect(frames.map(({ verdicts }) => verdicts)).toEqual(["x", "xx"]);
    expect(await countsOf(store)).toMatchObject({ stored: 0, deadLettered: 3 });
  });

  describe("an item of a frame becomes a dead letter alone when it", () => {
    test.each(NO_EVENTS)("an item of a frame becomes a dead letter alone when it %s", async (_name, item, topic) => {
      const { store } = await open();

      const { frames } = await apply(store, deliveryOf([kept(), item, kept()]));

      expect(frames.map(({ verdicts }) => verdicts)).toEqual(["sxd"]);
      const letter = await onlyDeadLetter(store);
      expect(letter).toMatchObject({ events: 1, attempts: 1, content: item });
      expect(letter.topic).toBe(topic);
      const { byTopic } = await store.readBooks({ maxTopics: 1, topic: topic ?? "" });
      expect(byTopic).toMatchObject([{ deadLettered: 1 }]);
      expect(await store.redrive(letter.id)).toMatchObject({ status: "refused", code: letter.code });
      expect(await onlyDeadLetter(store)).toMatchObject({ attempts: 2 });
    });
  });

  describe("a damaged frame", () => {
    test("a damaged frame is one dead letter, which counts the declared events once", async () => {
      const { store, reopen } = await open();
      const frame = unreadable();
      const frameId = frame.frameId;

      const first = await store.deadLetterFrame(frame);
      const again = await store.deadLetterFrame(frame);
      const reopened = await reopen();
      const later = await reopened.deadLetterFrame({ ...frame, origin: { generation: "another", sequence: 1 } });

      expect(first).toEqual({ frames: [{ frameId, isNew: true, verdicts: "xxx" }], dropped: [] });
      expect(again).toEqual({ frames: [{ frameId, isNew: false, verdicts: "xxx" }], dropped: [] });
      expect(later).toEqual(again);
      expect(await countsOf(reopened)).toEqual({ stored: 0, duplicates: 0, conflicts: 0, deadLettered: 3 });
      expect(await onlyDeadLetter(reopened)).toMatchObject({
        frameId,
        events: 3,
        code: "damaged_frame",
        reason: frame.reason,
        attempts: 1,
        content: "caf\u00e9",
      });
      const log = { generation: "i", held: [{ first: 7, last: 7 }], lastSequence: 7 };
      expect(await reopened.readBooks({ maxTopics: 1, log })).toMatchObject({ appliedHeldEvents: 3 });
      for (const generation of ["i", "another"]) {
        const left = { generation, held: [], lastSequence: 7 };
        expect(await reopened.readBooks({ maxTopics: 1, log: left })).toMatchObject({ appliedGoneFrames: 1 });
      }
    });

    test("a damaged frame keeps every byte when it is not UTF-8", async () => {
      const { store } = await open();
      const content = Buffer.from([0xff, 0x00, 0x80, 0x41]);

      await store.deadLetterFrame(unreadable({ content }));

      const { content: shown } = await onlyDeadLetter(store);
      expect(Buffer.from(shown, "base64")).toEqual(content);
    });

    test("a damaged frame cannot be redriven, and can be deleted", async () => {
      const { store } = await open();
      await store.deadLetterFrame(unreadable());
      const { id } = await onlyDeadLetter(store);
      const counts = await countsOf(store);

      const redriven = await store.redrive(id);

      expect(redriven).toMatchObject({ status: "refused", code: "damaged_frame", reason: expect.stringMatching(/./) });
      expect(await countsOf(store)).toEqual(counts);
      expect(await store.deleteDeadLetter(id)).toBe(true);
      expect(await deadLettersOf(store)).toEqual([]);
      expect(await countsOf(store)).toEqual(counts);
    });
  });
}
