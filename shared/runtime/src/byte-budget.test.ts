import { describe, expect, it } from "vitest";
import { ByteBudget } from "./byte-budget.ts";

describe("ByteBudget", () => {
  it("a budget has room up to its limit", async () => {
    const budget = new ByteBudget({ maxBytes: 10, maxWaitMs: 0 });
    const [first, second] = [budget.enter(), budget.enter()];
    expect([first.tryGrow(6), second.tryGrow(4), second.tryGrow(1)]).toEqual([true, true, false]);
    await expect(first.grow(1)).rejects.toMatchObject({ code: "overloaded" });
  });

  it("a budget gets back the bytes of a request once", async () => {
    const budget = new ByteBudget({ maxBytes: 10, maxWaitMs: 0 });
    const room = budget.enter();
    await room.grow(4);
    await room.grow(6);
    room.shrinkTo(20);
    room.shrinkTo(7);
    expect([budget.enter().tryGrow(4), budget.enter().tryGrow(3)]).toEqual([false, true]);
    room.release();
    room.release();
    const next = budget.enter();
    expect([next.tryGrow(7), next.tryGrow(1)]).toEqual([true, false]);
  });

  it("requests get room in the order in which they asked", async () => {
    const budget = new ByteBudget({ maxBytes: 10, maxWaitMs: 60_000 });
    const room = budget.enter();
    await room.grow(8);
    const order: string[] = [];
    const large = budget.enter();
    const small = budget.enter();
    const waiting = [large.grow(6).then(() => order.push("large")), small.grow(1).then(() => order.push("small"))];
    expect(budget.enter().tryGrow(1)).toBe(false);
    room.release();
    await Promise.all(waiting);
    expect(order).toEqual(["large", "small"]);
  });

  it("a request that gives up lets the next ones have room", async () => {
    const budget = new ByteBudget({ maxBytes: 10, maxWaitMs: 5 });
    await budget.enter().grow(8);
    const large = budget.enter().grow(9);
    const small = budget.enter().grow(2);
    await expect(large).rejects.toMatchObject({ code: "overloaded" });
    await small;
  });

  it("without a time limit a request waits for room until its signal is aborted", async () => {
    const budget = new ByteBudget({ maxBytes: 10 });
    await budget.enter().grow(8);
    const giveUp = new AbortController();
    const large = budget.enter().grow(9, giveUp.signal);
    const small = budget.enter().grow(2);
    giveUp.abort();
    await expect(large).rejects.toBe(giveUp.signal.reason);
    await expect(small).resolves.toBeUndefined();
    await expect(budget.enter().grow(0, giveUp.signal)).rejects.toBe(giveUp.signal.reason);
  });

  it("a request that leaves while it waits takes no room, and the next ones get it", async () => {
    const budget = new ByteBudget({ maxBytes: 10, maxWaitMs: 60_000 });
    const held = budget.enter();
    await held.grow(8);
    const left = budget.enter();
    const refused = expect(left.grow(9)).rejects.toMatchObject({ code: "overloaded" });
    const small = budget.enter().grow(2);
    left.release();
    await Promise.all([refused, small]);
    held.release();
    expect(budget.enter().tryGrow(8)).toBe(true);
    await expect(left.grow(1)).rejects.toMatchObject({ code: "overloaded" });
    expect(left.tryGrow(1)).toBe(false);
  });
});
