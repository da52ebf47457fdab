import { expect, test } from "vitest";
import { messageOf, withParameters } from "./request.js";

test("parameters that are undefined or empty are left out of a path", () => {
  expect(withParameters("/events", { topic: "a b&c", event_id: "", cursor: undefined })).toBe("/events?topic=a+b%26c");
  expect(withParameters("/events", { topic: "" })).toBe("/events");
});

test("the message of a thrown value that is not an error is its text", () => {
  expect([messageOf(new Error("broken")), messageOf("odd")]).toEqual(["broken", "odd"]);
});
