import { expect, test, vi } from "vitest";
import { EMPTY_BOOKS } from "../query-fixture.ts";
import { createBooksAlarm } from "./books-alarm.ts";

const books = { ...EMPTY_BOOKS, appliedGoneFrames: 7 };

function alarmsAmong(drifts: (number | undefined)[]): unknown[] {
  const error = vi.fn();
  const alarm = createBooksAlarm({ error });
  for (const drift of drifts) alarm({ books, drift });
  return error.mock.calls.map(([fields]) => fields);
}

test("no drift and an unknown drift are not logged", () => {
  expect(alarmsAmong([0, undefined, 0])).toEqual([]);
});

test("a drift is logged once, however often the books are read", () => {
  expect(alarmsAmong([0, 3, 3, undefined, 4])).toEqual([{ drift: 3, appliedGoneFrames: 7, tableDrift: 0 }]);
});

test("a drift that begins again is logged again", () => {
  expect(alarmsAmong([-1, 0, 2])).toMatchObject([{ drift: -1 }, { drift: 2 }]);
});

test("missing confirmed events are logged once each time that they begin to be missing", () => {
  const error = vi.fn();
  const alarm = createBooksAlarm({ error });
  for (const unconfirmed of [5, 0, -2, -3, undefined, -3, 0, -1]) {
    alarm({ books, drift: 0, ...(unconfirmed === undefined ? {} : { witness: { confirmed: 9, unconfirmed } }) });
  }
  expect(error.mock.calls.map(([fields]) => fields)).toEqual([
    { confirmed: 9, unconfirmed: -2 },
    { confirmed: 9, unconfirmed: -1 },
  ]);
});

test("the alarm returns the books unchanged", () => {
  const whole = { books, drift: 1 };
  expect(createBooksAlarm({ error: () => {} })(whole)).toBe(whole);
});
