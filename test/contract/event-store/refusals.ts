import { InvalidInput } from "@tidemark/shared/errors";
import type { AppliedDelivery } from "@tidemark/shared/event-store/event-store";
import { describe, expect, test } from "vitest";
import { deliveryOf, eventText } from "../../support/frames.ts";
import type { OpenForTest } from "../event-store-contract.ts";
import { apply } from "./applying.ts";

function declaring(requests: number[], events: string[]): AppliedDelivery {
  return deliveryOf(events, { requests });
}

function holding(text: string, encoding: BufferEncoding = "utf8"): AppliedDelivery {
  return deliveryOf([], { requests: [1], events: Buffer.from(text, encoding) });
}

const event = () => eventText({ topic: "refused", source: "caf\u00e9" });

const kept = (payload?: string) => eventText({ topic: "kept", id: "kept", ...(payload !== undefined && { payload }) });

const REFUSED: [name: string, deliveries: () => AppliedDelivery[]][] = [
  ["a frame that declares more events than it holds", () => [declaring([1, 2], [event(), event()])]],
  ["a frame that declares fewer events than it holds", () => [declaring([1], [event(), event()])]],
  ["a frame that holds none of what it declares", () => [declaring([1], [])]],
  ["frames whose miscounts cancel out", () => [declaring([1], [event(), event()]), declaring([2], [event()])]],
  [
    "frames whose miscounts cancel out the other way",
    () => [declaring([2], [event()]), declaring([1], [event(), event()])],
  ],
  ["an empty text", () => [holding("")]],
  ["a text cut short", () => [holding(`[${event().slice(0, -1)}`)]],
  ["a text without its end", () => [holding(`[${event()}`)]],
  ["a text with something behind its end", () => [holding(`[${event()}]]`)]],
  ["a text with a comma too many", () => [holding(`[${event()},]`)]],
  ["a text that is no array", () => [holding(event())]],
  ["an event that is no object", () => [holding("[1]")]],
  ["an event without an id", () => [holding(`[${event().replace("event_id", "event_no")}]`)]],
  ["a payload that is not JSON", () => [declaring([1], [eventText({ topic: "refused", payload: '{"a":}' })])]],
  ["attributes that are not JSON", () => [declaring([1], [eventText({ topic: "refused", attributes: '{"a":1,}' })])]],
  ["a payload that is no object", () => [declaring([1], [eventText({ topic: "refused", payload: "[]" })])]],
  ["a copy whose payload is not JSON", () => [declaring([2], [kept(), kept('{"a":01}')])]],
  ["a text that is not UTF-8", () => [holding(`[${event()}]`, "latin1")]],
];

export function describeRefusals(open: OpenForTest): void {
  describe("refuses whole, and changes nothing for", () => {
    test.each(REFUSED)("%s", async (_name, refused) => {
      const { store } = await open();
      await apply(store, deliveryOf([kept()]));
      const books = await store.readBooks({ maxTopics: 10 });
      const deliveries = [deliveryOf([event(), kept()]), ...refused(), deliveryOf([event()])];

      await expect(apply(store, ...deliveries)).rejects.toThrow(InvalidInput);

      expect(await store.readBooks({ maxTopics: 10 })).toEqual(books);
      expect((await store.listEvents({ limit: 10, order: "desc" })).events).toHaveLength(1);
      for (const { frame } of deliveries) expect(await store.findFrame(frame.id)).toBeUndefined();
      const good = deliveries.at(-1) as AppliedDelivery;
      expect(await apply(store, good)).toMatchObject({ frames: [{ isNew: true, verdicts: "s" }] });
    });
  });
}
