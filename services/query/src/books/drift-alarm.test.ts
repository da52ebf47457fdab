import { expect, test, vi } from "vitest";
import { EMPTY_BOOKS } from "../query-fixture.ts";
import { createDriftAlarm } from "./drift-alarm.ts";

const books = { ...EMPTY_BOOKS, appliedGoneFrames: 7 };

function alarmsAmong(drifts: (number | undefined)[]): unknown[] {
  const error = vi.fn();
  const alarm = createDriftAlarm({ error });
  for (const drift of drifts) alarm({ books, ...(drift === undefined ? {} : { drift }) });
  return error.mock.calls.map(([fields]) => fields);
}

test("says nothing while nothing drifts, or while that is not known", () => {
  expect(alarmsAmong([0, undefined, 0])).toEqual([]);
});

test("says once that the books have drifted, however often they are looked at", () => {
  expect(alarmsAmong([0, 3, 3, undefined, 4])).toEqual([{ drift: 3, appliedGoneFrames: 7, tableDrift: 0 }]);
});

test("says so again when they drift again", () => {
  expect(alarmsAmong([-1, 0, 2])).toMatchObject([{ drift: -1 }, { drift: 2 }]);
});

test("hands the books on as they are", () => {
  const whole = { books, drift: 1 };
  expect(createDriftAlarm({ error: () => {} })(whole)).toBe(whole);
});
