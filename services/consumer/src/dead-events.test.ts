import { describe, expect, it } from "vitest";
import { frame } from "./consumer-fixture.ts";
import { findDeadEvents } from "./dead-events.ts";

const frameOf = (...items: string[]) => frame(items.length, Buffer.from(`[${items.join(",")}]`));

describe("the events of a frame that the store refused", () => {
  it("are named as the API does", () => {
    const sound = frameOf(
      '{"topic":"t","event_id":"a"}',
      '{"topic":"t","event_id":"b"}',
      '{"topic":"t","event_id":"c"}',
    );
    expect(findDeadEvents(sound, "xsx", 10)).toEqual([
      { frame: sound.id, topic: "t", event_id: "a" },
      { frame: sound.id, topic: "t", event_id: "c" },
    ]);
  });

  it("are named in 200 characters at most", () => {
    const long = frameOf(JSON.stringify({ topic: "t".repeat(5_000), event_id: "i".repeat(5_000) }));
    const cut = { topic: `${"t".repeat(200)}…`, event_id: `${"i".repeat(200)}…` };
    expect(findDeadEvents(long, "x", 1)).toEqual([{ frame: long.id, ...cut }]);
  });

  it("are the first of them", () => {
    expect(findDeadEvents(frameOf("1", "2", "3"), "xxx", 2)).toHaveLength(2);
    expect(findDeadEvents(frameOf("1", "2", "3"), "sdc", 2)).toEqual([]);
  });

  it.each(["null", "1", "[]", '{"topic":1,"event_id":{}}'])("keep to themselves what they do not have: %s", (item) => {
    const odd = frameOf(item);
    expect(findDeadEvents(odd, "x", 10)).toEqual([{ frame: odd.id }]);
  });

  it.each(["", "[", "{}", "[1]"])("are the whole frame where its text is %j", (text) => {
    const damaged = frame(2, Buffer.from(text));
    expect(findDeadEvents(damaged, "xx", 10)).toEqual([{ frame: damaged.id }]);
  });
});
