import { expect, it } from "vitest";
import { Turns } from "./turns.ts";

it("bodies that wait at once are validated in their order, with several turns of the event loop between them", async () => {
  const turns = new Turns();
  const order: string[] = [];
  let passed = 0;
  const countTurns = () => {
    passed++;
    if (order.length < 3) setImmediate(countTurns);
  };
  const takeTurn = async (name: string) => {
    await turns.next();
    order.push(`${name} after ${passed}`);
  };
  setImmediate(countTurns);
  await Promise.all(["first", "second", "third"].map(takeTurn));
  expect(order).toEqual(["first after 5", "second after 10", "third after 15"]);
});
