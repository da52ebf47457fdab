import { describe, expect, it } from "vitest";
import { frame } from "./consumer-fixture.ts";
import { nameDeadLettered } from "./name-dead-lettered.ts";

const trace = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7", isSampled: false };

const frameOf = (...items: string[]) => frame(items.length, Buffer.from(`[${items.join(",")}]`));

describe("the names of refused events", () => {
  it("the names of refused events have the field names of the API", () => {
    const sound = frameOf(
      '{"topic":"t","event_id":"a"}',
      '{"topic":"t","event_id":"b"}',
      '{"topic":"t","event_id":"c"}',
    );
    expect(nameDeadLettered(sound, "xsx", 10)).toEqual([
      { frame: sound.id, topic: "t", event_id: "a" },
      { frame: sound.id, topic: "t", event_id: "c" },
    ]);
  });

  it("the names of refused events include the request that brought each, if the frame has it", () => {
    const two = {
      ...frameOf("1", "2", "3"),
      requests: [1, 2],
      contexts: [{ request: 1, requestId: "order-7", trace }],
    };
    expect(nameDeadLettered(two, "xsx", 10)).toEqual([
      { frame: two.id },
      { frame: two.id, requestId: "order-7", traceId: trace.traceId },
    ]);
  });

  it("the names of refused events have at most 200 characters each", () => {
    const long = frameOf(JSON.stringify({ topic: "t".repeat(5_000), event_id: "i".repeat(5_000) }));
    const cut = { topic: `${"t".repeat(200)}…`, event_id: `${"i".repeat(200)}…` };
    expect(nameDeadLettered(long, "x", 1)).toEqual([{ frame: long.id, ...cut }]);
  });

  it("the names of refused events are those of the first refused events", () => {
    expect(nameDeadLettered(frameOf("1", "2", "3"), "xxx", 2)).toHaveLength(2);
    expect(nameDeadLettered(frameOf("1", "2", "3"), "sdc", 2)).toEqual([]);
  });

  it.each(["null", "1", "[]", '{"topic":1,"event_id":{}}'])("omit the names that an item does not have: %s", (item) => {
    const odd = frameOf(item);
    expect(nameDeadLettered(odd, "x", 10)).toEqual([{ frame: odd.id }]);
  });

  it.each(["", "[", "{}", "[1]"])(
    "the names of refused events are only the id of the frame when its text is %j",
    (text) => {
      const damaged = frame(2, Buffer.from(text));
      expect(nameDeadLettered(damaged, "xx", 10)).toEqual([{ frame: damaged.id }]);
    },
  );
});
