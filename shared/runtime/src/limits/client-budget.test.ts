import { Unavailable } from "@tidemark/domain/errors";
import fc from "fast-check";
import { expect, onTestFinished, test, vi } from "vitest";
import { ClientBudget } from "./client-budget.ts";

test("one client holds no more than its share, and others get the rest", () => {
  const budget = new ClientBudget({ maxBytes: 100, maxBytesPerClient: 40 });
  expect(budget.enter("a").tryGrow(30)).toBe(true);
  expect(budget.enter("a").tryGrow(20)).toBe(false);
  expect(budget.enter("b").tryGrow(40)).toBe(true);
  expect(budget.enter("c").tryGrow(40)).toBe(false);
  expect(budget.enter("c").tryGrow(30)).toBe(true);
});

test("a client has the same share while any of its requests is open", () => {
  const budget = new ClientBudget({ maxBytes: 100, maxBytesPerClient: 40 });
  budget.enter("a").tryGrow(30);
  const ended = budget.enter("a");
  ended.release();
  ended.release();
  expect(budget.enter("a").tryGrow(20)).toBe(false);
});

test("a client gets back the bytes that one of its open requests no longer needs", () => {
  const budget = new ClientBudget({ maxBytes: 100, maxBytesPerClient: 40 });
  const room = budget.enter("a");
  room.tryGrow(40);
  room.shrinkTo(10);
  expect([budget.enter("a").tryGrow(31), budget.enter("a").tryGrow(30)]).toEqual([false, true]);
});

test("a request that gets no room in the whole budget in time leaves the share of its client free", async () => {
  const budget = new ClientBudget({ maxBytes: 50, maxBytesPerClient: 40, maxWaitMs: 0 });
  const others = budget.enter();
  others.tryGrow(30);
  await expect(budget.enter("a").grow(30)).rejects.toBeInstanceOf(Unavailable);
  others.release();
  expect(budget.enter("a").tryGrow(40)).toBe(true);
});

test("a client that waits for its own share does not delay others", async () => {
  const budget = new ClientBudget({ maxBytes: 100, maxBytesPerClient: 40 });
  const held = budget.enter("a");
  held.tryGrow(40);
  const waiting = budget.enter("a").grow(40);
  expect(budget.enter("b").tryGrow(40)).toBe(true);
  held.release();
  await waiting;
});

test("a client that gets no room in its share in time is refused with a separate error", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const own = new Error("your own requests");
  const budget = new ClientBudget({ maxBytes: 60, maxBytesPerClient: 40, maxWaitMs: 1_000, refuseClient: () => own });
  budget.enter("a").tryGrow(40);
  const refused = expect(budget.enter("a").grow(1)).rejects.toBe(own);
  const full = expect(budget.enter("b").grow(30)).rejects.toBeInstanceOf(Unavailable);
  await vi.advanceTimersByTimeAsync(1_000);
  await Promise.all([refused, full]);
});

test("requests that leave while they wait for a share or for the whole leave all of it free", async () => {
  const budget = new ClientBudget({ maxBytes: 100, maxBytesPerClient: 40, maxWaitMs: 60_000 });
  const held = budget.enter("a");
  const others = budget.enter();
  await Promise.all([held.grow(30), others.grow(60)]);
  const leaving = [budget.enter("a"), budget.enter("a"), budget.enter("b")];
  const refused = leaving.map((room) => expect(room.grow(20)).rejects.toBeInstanceOf(Unavailable));
  for (const room of leaving) room.release();
  for (const room of [held, others]) room.release();
  await Promise.all(refused);
  expect([budget.enter("a").tryGrow(40), budget.enter("b").tryGrow(40), budget.enter().tryGrow(20)]).toEqual([
    true,
    true,
    true,
  ]);
});

test("after any calls that take, refuse and give back, the whole budget is free at the end", async () => {
  const anySteps = fc.array(
    fc.record({ client: fc.constantFrom("a", "b", undefined), bytes: fc.nat(50), keep: fc.nat(50), end: fc.boolean() }),
  );
  await fc.assert(
    fc.asyncProperty(anySteps, async (steps) => {
      const budget = new ClientBudget({ maxBytes: 100, maxBytesPerClient: 40, maxWaitMs: 0 });
      const rooms = [];
      for (const { client, bytes, keep, end } of steps) {
        const room = budget.enter(client);
        rooms.push(room);
        await room.grow(bytes).catch(() => undefined);
        room.shrinkTo(keep);
        if (end) room.release();
      }
      for (const room of rooms) room.release();
      expect([budget.enter("a").tryGrow(40), budget.enter().tryGrow(60)]).toEqual([true, true]);
    }),
    { numRuns: 50 },
  );
});
