import { expect, test, vi } from "vitest";
import { createWalkBudgets, readWithin } from "./walk-budget.ts";

const never = new AbortController().signal;
const pageOf = (bytes: number) => async () => ({ bytes: Buffer.alloc(bytes) });

test("waits for room before it reads, and goes on when a page was handed over", async () => {
  const { streams } = createWalkBudgets();
  const held = [];
  for (let page = 0; page < 4; page++) held.push(await readWithin(streams, never, pageOf(8_000_000)));
  const read = vi.fn(pageOf(1));
  const waiting = readWithin(streams, never, read);
  await new Promise(setImmediate);
  expect(read).not.toHaveBeenCalled();
  held[0]?.release();
  await waiting;
});

test("keeps no more than a page turned out to need", async () => {
  const { exports } = createWalkBudgets();
  for (let page = 0; page < 100; page++) await readWithin(exports, never, pageOf(1_000));
  expect(exports.pages.enter().tryGrow(24_000_000)).toBe(true);
});

test("holds nothing for a page that failed, or that nobody waits for any more", async () => {
  const { streams } = createWalkBudgets(1);
  const away = new Error("away");
  await expect(readWithin(streams, never, () => Promise.reject(away))).rejects.toBe(away);
  await expect(readWithin(streams, AbortSignal.abort(), pageOf(1))).rejects.toThrow();
  expect([streams.pages.enter().tryGrow(32_000_000), streams.reads.enter().tryGrow(1)]).toEqual([true, true]);
});

test("exports that stand still take no room from streams, yet both read one after the other", async () => {
  const { exports, streams } = createWalkBudgets(1);
  for (let page = 0; page < 4; page++) await readWithin(exports, never, pageOf(8_000_000));
  let end = (): void => {};
  const first = readWithin(
    streams,
    never,
    () =>
      new Promise<{ bytes: Buffer }>((resolve) => {
        end = () => resolve({ bytes: Buffer.alloc(1) });
      }),
  );
  await new Promise(setImmediate);
  expect(exports.reads.enter().tryGrow(1)).toBe(false);
  end();
  await first;
});
