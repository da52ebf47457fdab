import { ByteBudget } from "@tidemark/runtime/byte-budget";
import { expect, test } from "vitest";
import { joinRooms } from "./join-rooms.ts";

const MAX_BYTES = 10;

function openBudgets() {
  const [own, shared] = [new ByteBudget({ maxBytes: MAX_BYTES }), new ByteBudget({ maxBytes: MAX_BYTES })];
  const hasAll = (budget: ByteBudget) => {
    const room = budget.enter();
    const isFree = room.tryGrow(MAX_BYTES);
    room.release();
    return isFree;
  };
  return { own, shared, join: () => joinRooms(own.enter(), () => shared.enter()), hasAll };
}

test("joined rooms take bytes of the second budget when the first has none left, and give back those of both", () => {
  const { own, shared, join, hasAll } = openBudgets();
  const room = join();
  expect([room.tryGrow(8), room.tryGrow(8), room.tryGrow(8)]).toEqual([true, true, false]);

  room.shrinkTo(9); // 8 of the first budget, 1 of the second
  expect(shared.enter().tryGrow(9)).toBe(true);
  room.release();

  expect(hasAll(own)).toBe(true);
  expect(room.tryGrow(1)).toBe(false);
});

test("joined rooms take nothing of the second budget while the first has room", () => {
  const { shared, join, hasAll } = openBudgets();
  join().tryGrow(MAX_BYTES);
  expect(hasAll(shared)).toBe(true);
});

test("joined rooms wait for the first budget, and give back what they waited for", async () => {
  const { own, shared, join, hasAll } = openBudgets();
  const others = [own.enter(), shared.enter()];
  for (const other of others) other.tryGrow(MAX_BYTES);
  const room = join();
  const growing = room.grow(4);
  others[0]?.release();
  await growing;

  expect(hasAll(own)).toBe(false);
  room.release();
  expect(hasAll(own)).toBe(true);
});
