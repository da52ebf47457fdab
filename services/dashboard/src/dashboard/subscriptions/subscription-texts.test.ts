import { expect, test } from "vitest";
import { acknowledgedText, behindText, topicsText, unreadText, warningText } from "./subscription-texts.js";

const HOUR = 3_600;

test.each([
  [{ topic: "a", topic_prefix: null }, "topic a"],
  [{ topic: null, topic_prefix: "a." }, "topics that begin with a."],
  [{ topic: null, topic_prefix: null }, "all topics"],
])("the topics of %o are %s", (subscription, text) => {
  expect(topicsText(subscription)).toBe(text);
});

test("a count that ended early says that there may be more, also at 0", () => {
  expect(unreadText({ lag_events: 12_000, lag_exact: true })).toBe("12,000");
  expect(unreadText({ lag_events: 10_000, lag_exact: false })).toBe("10,000 or more");
  expect(behindText({ lag_events: 0, lag_exact: false, lag_seconds: 90 })).toBe("1.5 min");
  expect(behindText({ lag_events: 0, lag_exact: true, lag_seconds: 0 })).toBe("–");
});

test("a subscription whose time has never changed was never acknowledged", () => {
  const [created_at, updated_at] = ["2030-01-01T00:00:00.000000Z", "2030-01-01T01:00:00.000000Z"];
  expect(acknowledgedText({ created_at, updated_at: created_at })).toBe("never");
  expect(acknowledgedText({ created_at, updated_at }, Date.parse("2030-01-01T03:00:00Z"))).toBe("2 h ago");
});

test.each([
  [
    { lag_seconds: 2 * HOUR, payloads_expired: 0, payloads_expire_in_seconds: 18 * HOUR },
    "unread payloads expire in 18 h",
  ],
  [{ lag_seconds: 2 * HOUR, payloads_expired: 0, payloads_expire_in_seconds: 24 * HOUR }, ""],
  [{ lag_seconds: HOUR, payloads_expired: 0, payloads_expire_in_seconds: 18 * HOUR }, ""],
  [{ lag_seconds: 2 * HOUR, payloads_expired: 0, payloads_expire_in_seconds: null }, ""],
  [{ lag_seconds: 90 * HOUR, payloads_expired: 1, payloads_expire_in_seconds: 0 }, "1 unread payload expired"],
])("warns of payloads that expire unread: %o", (subscription, text) => {
  expect(warningText(subscription)).toBe(text);
});
