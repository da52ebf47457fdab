import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { createPageBudget, takePageRoom } from "./page-room.ts";

test("gives a page's room back when its answer is out, also to one that left while it waited", async () => {
  const budget = createPageBudget(8);
  const sending = Array.from({ length: 8 }, () => new EventEmitter());
  for (const response of sending) await takePageRoom(budget, response);

  const leaving = new EventEmitter();
  const waiting = takePageRoom(budget, leaving);
  leaving.emit("close");
  for (const response of sending) response.emit("close");
  await waiting;

  const all = Array.from({ length: 8 }, () => budget.pages.enter().tryGrow(8_000_000));
  expect(all).not.toContain(false);
  expect(budget.reads.enter().tryGrow(8)).toBe(true);
});

test("shares its room: a page that turned out small leaves the rest to others", async () => {
  const budget = createPageBudget();
  for (let page = 0; page < 100; page++) (await takePageRoom(budget, new EventEmitter())).shrinkTo(1_000);
  expect(budget.pages.enter().tryGrow(8_000_000)).toBe(true);
});

test("reads few pages at a time, however many are being sent", async () => {
  const budget = createPageBudget(2);
  for (let page = 0; page < 5; page++) (await takePageRoom(budget, new EventEmitter())).shrinkTo(8_000_000);
  await takePageRoom(budget, new EventEmitter());
  await takePageRoom(budget, new EventEmitter());

  expect(budget.reads.enter().tryGrow(1)).toBe(false);
  expect(budget.pages.enter().tryGrow(8_000_000)).toBe(true);
});
