import { expect, test } from "vitest";
import { WaitingLine } from "./waiting-line.ts";

const LIMITS = { maxEvents: 10, maxBytes: 1_000 };
const entry = (events: number, bytes = events) => ({ events, bytes });

function createLine(...entries: { events: number; bytes: number }[]) {
  const line = new WaitingLine<{ events: number; bytes: number }>();
  for (const each of entries) line.push(each);
  return line;
}

test("a take removes the oldest entries that fit its limits, at least one", async () => {
  const line = createLine(entry(30), entry(6), entry(4), entry(1), entry(1, 2_000));
  expect(await line.take(LIMITS)).toEqual([entry(30)]);
  expect(await line.take(LIMITS)).toEqual([entry(6), entry(4)]);
  expect(await line.take(LIMITS)).toEqual([entry(1)]);
  expect(await line.take(LIMITS)).toEqual([entry(1, 2_000)]);
  expect(line).toMatchObject({ length: 0, bytes: 0 });
});

test("an entry that was added at the front is taken first", async () => {
  const line = createLine(entry(1));
  line.unshift(entry(2));
  expect(await line.take(LIMITS)).toEqual([entry(2), entry(1)]);
});

test("each entry goes to one of the waiting takes", async () => {
  const line = createLine();
  const takers = [line.take(LIMITS), line.take(LIMITS)];
  line.push(entry(1));
  expect(await Promise.race(takers)).toEqual([entry(1)]);
  line.push(entry(2));
  expect(await Promise.all(takers)).toEqual([[entry(1)], [entry(2)]]);
});

test("a take with a minimum waits for that many events or bytes", async () => {
  const byEvents = createLine(entry(3));
  const taken = byEvents.take({ ...LIMITS, min: { events: 5, bytes: 100 } });
  byEvents.push(entry(2));
  expect(await taken).toEqual([entry(3), entry(2)]);

  const byBytes = createLine(entry(3));
  const large = byBytes.take({ ...LIMITS, min: { events: 5, bytes: 100 } });
  byBytes.push(entry(1, 97));
  expect(await large).toEqual([entry(3), entry(1, 97)]);
});

test("a take without a minimum overtakes one that waits for more", async () => {
  const line = createLine(entry(3));
  const more = line.take({ ...LIMITS, min: { events: 5, bytes: 100 } });
  expect(await line.take(LIMITS)).toEqual([entry(3)]);
  line.push(entry(4));
  line.push(entry(1));
  expect(await more).toEqual([entry(4), entry(1)]);
});

test("closing ends every take, and the entries left can be cleared", async () => {
  const line = createLine();
  const waiting = line.take(LIMITS);
  line.close();
  expect(await waiting).toEqual([]);
  line.push(entry(1));
  expect(await line.take(LIMITS)).toEqual([]);
  expect(line.clear()).toEqual([entry(1)]);
});
