import { type Audit, balanceAudit } from "@tidemark/event-store/audit";
import { expect, test } from "vitest";
import { writeReport } from "./report.ts";

const COUNTS = { stored: 1_234, duplicates: 20, conflicts: 1, deadLettered: 0 };

function auditWith(overrides: Partial<Audit> = {}): Audit {
  return balanceAudit({
    auditedAt: "2025-10-23T10:00:00.000000Z",
    durationMs: 1_250,
    topicsTotal: 1_000,
    booked: COUNTS,
    counted: COUNTS,
    bySource: { duplicates: 20, conflicts: 1 },
    differences: [],
    differencesTotal: 0,
    ...overrides,
  });
}

test("the report shows the books and the rows side by side", () => {
  expect(writeReport(auditWith(), "tidemark.db")).toBe(
    [
      "tidemark.db, as it was at 2025-10-23T10:00:00.000000Z; counted in 1.3 s",
      "",
      "                   stored  duplicates  conflicts  dead-lettered",
      "  books             1,234          20          1              0",
      "  books by source                  20          1",
      "  rows              1,234          20          1              0",
      "",
      "The books balance. Topics: 1,000.",
    ].join("\n"),
  );
});

test("the report names the topics that differ, and the number of others", () => {
  const differences = [{ topic: "user.login", booked: COUNTS, counted: { ...COUNTS, stored: 1_233 } }];

  const report = writeReport(auditWith({ differences, differencesTotal: 3 }), "tidemark.db");

  expect(report.split("\n").slice(7)).toEqual([
    "THE BOOKS DO NOT BALANCE: 3 of 1,000 topics differ.",
    "",
    "  topic                stored  duplicates  conflicts  dead-lettered",
    '  "user.login"  books   1,234          20          1              0',
    "                rows    1,233          20          1              0",
    "  and 2 more",
  ]);
});

test("the report says if only the sources differ", () => {
  const report = writeReport(auditWith({ bySource: { duplicates: 19, conflicts: 1 } }), "tidemark.db");

  expect(report).toContain("THE BOOKS DO NOT BALANCE: those by source are not those by topic.");
});
