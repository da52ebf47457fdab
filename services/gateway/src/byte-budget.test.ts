import { describe, expect, it } from "vitest";
import { ByteBudget } from "./byte-budget.ts";

describe("ByteBudget", () => {
  it("lets requests in while there is room", async () => {
    const budget = new ByteBudget({ maxBytes: 10, maxWaitMs: 0 });
    await budget.take(6);
    await budget.take(4);
    await expect(budget.take(1)).rejects.toMatchObject({ code: "overloaded" });
  });

  it("lets one larger than itself in alone", async () => {
    const budget = new ByteBudget({ maxBytes: 10, maxWaitMs: 0 });
    const room = await budget.take(50);
    await expect(budget.take(1)).rejects.toMatchObject({ code: "overloaded" });
    room.release();
    room.release();
    await budget.take(1);
    await expect(budget.take(50)).rejects.toMatchObject({ code: "overloaded" });
  });

  it("lets the waiting in as room comes, first come first served", async () => {
    const budget = new ByteBudget({ maxBytes: 10, maxWaitMs: 60_000 });
    const room = await budget.take(8);
    const order: string[] = [];
    const large = budget.take(6).then(() => order.push("large"));
    const small = budget.take(1).then(() => order.push("small"));
    room.release();
    await Promise.all([large, small]);
    expect(order).toEqual(["large", "small"]);
  });

  it("takes back what a body turned out not to need", async () => {
    const budget = new ByteBudget({ maxBytes: 10, maxWaitMs: 60_000 });
    const room = await budget.take(10);
    const waiting = budget.take(7);
    room.shrinkTo(3);
    await waiting;
  });

  it("lets those behind one that gave up have its place", async () => {
    const budget = new ByteBudget({ maxBytes: 10, maxWaitMs: 5 });
    await budget.take(8);
    const large = budget.take(9);
    const small = budget.take(2);
    await expect(large).rejects.toMatchObject({ code: "overloaded" });
    await small;
  });
});
