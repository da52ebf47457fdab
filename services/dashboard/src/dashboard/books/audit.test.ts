import { expect, test } from "vitest";
import { describeAudit } from "./audit.js";

const COUNTS = { unique: 1, duplicates: 2, conflicts: 0, dead_lettered: 0 };
const BALANCED = {
  audited_at: "2025-10-23T10:00:00.000000Z",
  duration_ms: 12,
  balanced: true,
  topics_total: 1,
  booked: COUNTS,
  counted: COUNTS,
  by_source: { duplicates: 2, conflicts: 0 },
  differences: [],
  differences_total: 0,
};

test("a balanced audit says what was counted and how long it took", () => {
  expect(describeAudit(BALANCED)).toBe("Balanced: 1 event and 2 duplicates counted in 12 ms.");
});

test("an audit with differences names the first topic", () => {
  const differences = [{ topic: "t", booked: COUNTS, counted: COUNTS }];
  expect(describeAudit({ ...BALANCED, balanced: false, differences, differences_total: 3 })).toBe(
    "Not balanced: differences in 3 topics, the first one is t.",
  );
});

test("an audit whose topics all agree blames the duplicates by source", () => {
  expect(describeAudit({ ...BALANCED, balanced: false })).toBe("Not balanced: the duplicates by source differ.");
});
