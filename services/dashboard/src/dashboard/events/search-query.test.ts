import { expect, test } from "vitest";
import { eventsParameters, instantOf, keyOf, localField, readSearch } from "./search-query.js";

test("a search is read from the address, and empty fields do not matter", () => {
  const query = readSearch(new URLSearchParams("topic=t&id=&source=s&since=2025-10-23T10:00:00.000Z&other=x"));

  expect(query).toEqual({ topic: "t", source: "s", since: "2025-10-23T10:00:00.000Z" });
  expect(eventsParameters({ ...query, id: "e" })).toMatchObject({ topic: "t", event_id: "e", source: "s" });
});

test("only a topic and an id alone name one event", () => {
  expect(keyOf({ topic: "t", id: "e" })).toEqual({ topic: "t", id: "e" });
  expect(keyOf({ topic: "t" })).toBeUndefined();
  expect(keyOf({ topic: "t", id: "e", source: "s" })).toBeUndefined();
});

test("an instant is shown in its field in local time, and comes back the same", () => {
  const instant = "2025-10-23T10:00:05.000Z";

  expect(instantOf(localField(instant))).toBe(instant);
  expect(localField(undefined)).toBe("");
  expect(localField("yesterday")).toBe("");
  expect(instantOf("")).toBeUndefined();
});
