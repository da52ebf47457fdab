import { expect, test, vi } from "vitest";
import { createReadBudgets } from "./read-budget.ts";

const never = new AbortController().signal;
const pageOf = (bytes: number) => async () => ({ bytes: Buffer.alloc(bytes) });

test("a stream waits for room before it reads, and reads when another page is released", async () => {
  const { streams } = createReadBudgets();
  const held = [];
  for (let page = 0; page < 4; page++) held.push(await streams.read(pageOf(8_000_000), { signal: never }));
  const read = vi.fn(pageOf(1));
  const waiting = streams.read(read, { signal: never });
  await new Promise(setImmediate);
  expect(read).not.toHaveBeenCalled();
  held[0]?.release();
  await waiting;
});

test.each(["lists", "exports", "streams"] as const)("a page of %s keeps no more room than it needs", async (kind) => {
  const budget = createReadBudgets()[kind];
  for (let page = 0; page < 100; page++) await budget.read(pageOf(1_000));
  expect(budget.pages.enter().tryGrow(24_000_000)).toBe(true);
});

test("a released page keeps neither its room nor its bytes", async () => {
  const { lists } = createReadBudgets();
  const pages = await Promise.all(Array.from({ length: 8 }, () => lists.read(pageOf(8_000_000))));
  for (const page of pages) page.release();
  expect(pages.map(({ bytes }) => bytes.length)).toEqual(Array(8).fill(0));
  expect(lists.pages.enter().tryGrow(64_000_000)).toBe(true);
});

test("a read that fails, or whose reader has left, keeps no room", async () => {
  const { streams } = createReadBudgets(1);
  const away = new Error("away");
  await expect(streams.read(() => Promise.reject(away), { signal: never })).rejects.toBe(away);
  await expect(streams.read(pageOf(1), { signal: AbortSignal.abort() })).rejects.toThrow();
  expect([streams.pages.enter().tryGrow(32_000_000), streams.reads.enter().tryGrow(1)]).toEqual([true, true]);
});

test("few list pages are read at a time, however many are being sent", async () => {
  const { lists } = createReadBudgets(2);
  for (let page = 0; page < 5; page++) await lists.read(pageOf(8_000_000));
  const ends: (() => void)[] = [];
  const slowRead = () => new Promise<{ bytes: Buffer }>((end) => ends.push(() => end({ bytes: Buffer.alloc(1) })));
  const reading = [lists.read(slowRead), lists.read(slowRead)];
  await vi.waitFor(() => expect(ends).toHaveLength(2));

  expect(lists.reads.enter().tryGrow(1)).toBe(false);
  expect(lists.pages.enter().tryGrow(8_000_000)).toBe(true);
  for (const end of ends) end();
  await Promise.all(reading);
});

test("a list is refused when there is no room in time", async () => {
  vi.useFakeTimers();
  const { lists } = createReadBudgets();
  for (let page = 0; page < 8; page++) await lists.read(pageOf(8_000_000));
  const refused = expect(lists.read(pageOf(1))).rejects.toMatchObject({ code: "overloaded" });
  await vi.advanceTimersByTimeAsync(2_000);
  await refused;
  vi.useRealTimers();
});

test("exports that stall take no room from streams, but both share the limit of reads", async () => {
  const { exports, streams } = createReadBudgets(1);
  for (let page = 0; page < 4; page++) await exports.read(pageOf(8_000_000), { signal: never });
  let end = (): void => {};
  const slowRead = () =>
    new Promise<{ bytes: Buffer }>((resolve) => {
      end = () => resolve({ bytes: Buffer.alloc(1) });
    });
  const first = streams.read(slowRead, { signal: never });
  await new Promise(setImmediate);
  expect(exports.reads.enter().tryGrow(1)).toBe(false);
  end();
  await first;
});

test("a client that does not read its pages is refused more, and another client gets its page at once", async () => {
  vi.useFakeTimers();
  const { lists } = createReadBudgets();
  for (let page = 0; page < 2; page++) await lists.read(pageOf(8_000_000), { clientId: "slow" });
  const refused = expect(lists.read(pageOf(1), { clientId: "slow" })).rejects.toMatchObject({ code: "too_many_lists" });
  await lists.read(pageOf(8_000_000), { clientId: "other" });
  await vi.advanceTimersByTimeAsync(2_000);
  await refused;
  vi.useRealTimers();
});
