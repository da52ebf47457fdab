import { expect, test } from "vitest";
import { publishAnswer } from "./publish-answer.ts";

const none = { accepted: 0, duplicates: 0, conflicts: 0, deadLettered: 0 };

test("a publish answer names received, accepted and dropped events, and no count of 0", () => {
  expect(publishAnswer({ ...none, accepted: 2, duplicates: 1 })).toEqual({
    received: 3,
    accepted: 2,
    duplicates: 1,
    message: "Received 3 events, accepted 2, dropped 1 duplicate",
  });
});

test("the message of a publish answer uses the singular for one event and the plural for no duplicates", () => {
  expect(publishAnswer({ ...none, accepted: 1 }).message).toBe("Received 1 event, accepted 1, dropped 0 duplicates");
});

test("a publish answer shows conflicts as a part of the duplicates, also in its message", () => {
  expect(publishAnswer({ ...none, duplicates: 3, conflicts: 1 })).toMatchObject({
    received: 3,
    duplicates: 3,
    conflicts: 1,
    message: "Received 3 events, accepted 0, dropped 3 duplicates (1 conflict)",
  });
});

test("a publish answer counts dead letters and pending events as received", () => {
  expect(publishAnswer({ ...none, accepted: 1, deadLettered: 2, pending: 4 })).toEqual({
    received: 7,
    accepted: 1,
    duplicates: 0,
    dead_lettered: 2,
    pending: 4,
    message: "Received 7 events, accepted 1, dropped 0 duplicates, dead-lettered 2, 4 pending",
  });
});

test("a publish answer shows a given number of pending events even if it is 0, as a receipt does", () => {
  expect(publishAnswer({ ...none, accepted: 1, pending: 0 })).toMatchObject({ pending: 0 });
});
