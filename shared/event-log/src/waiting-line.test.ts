import { expect, test } from "vitest";
import { WaitingLine } from "./waiting-line.ts";

const LIMITS = { maxEvents: 10, maxBytes: 1_000 };
const entry = (events: number, bytes = events) => ({ events, bytes });

function createLine(...entries: { events: number; bytes: number }[]) {
  const line = new WaitingLine<{ events: number; bytes: number }>();
  for (const each of entries) line.push(each);
  return line;
}

test("hands out what fits the limits, oldest first, and at least one", async () => {
  const line = createLine(entry(30), entry(6), entry(4), entry(1), entry(1, 2_000));
  expect(await line.take(LIMITS)).toEqual([entry(30)]);
  expect(await line.take(LIMITS)).toEqual([entry(6), entry(4)]);
  expect(await line.take(LIMITS)).toEqual([entry(1)]);
  expect(await line.take(LIMITS)).toEqual([entry(1, 2_000)]);
  expect(line).toMatchObject({ length: 0, bytes: 0 });
});

test("hands out first what was put in front", async () => {
  const line = createLine(entry(1));
  line.unshift(entry(2));
  expect(await line.take(LIMITS)).toEqual([entry(2), entry(1)]);
});

test("gives each entry to one of those who wait", async () => {
  const line = createLine();
  const takers = [line.take(LIMITS), line.take(LIMITS)];
  line.push(entry(1));
  expect(await Promise.race(takers)).toEqual([entry(1)]);
  line.push(entry(2));
  expect(await Promise.all(takers)).toEqual([[entry(1)], [entry(2)]]);
});

test("keeps who wants more waiting until so many events or bytes are there", async () => {
  const byEvents = createLine(entry(3));
  const taken = byEvents.take({ ...LIMITS, min: { events: 5, bytes: 100 } });
  byEvents.push(entry(2));
  expect(await taken).toEqual([entry(3), entry(2)]);

  const byBytes = createLine(entry(3));
  const large = byBytes.take({ ...LIMITS, min: { events: 5, bytes: 100 } });
  byBytes.push(entry(1, 97));
  expect(await large).toEqual([entry(3), entry(1, 97)]);
});

test("lets who wants anything pass who wants more", async () => {
  const line = createLine(entry(3));
  const more = line.take({ ...LIMITS, min: { events: 5, bytes: 100 } });
  expect(await line.take(LIMITS)).toEqual([entry(3)]);
  line.push(entry(4));
  line.push(entry(1));
  expect(await more).toEqual([entry(4), entry(1)]);
});

test("ends the waiting when it is closed, and gives back what is left", async () => {
  const line = createLine();
  const waiting = line.take(LIMITS);
  line.close();
  expect(await waiting).toEqual([]);
  line.push(entry(1));
  expect(await line.take(LIMITS)).toEqual([]);
  expect(line.clear()).toEqual([entry(1)]);
});
