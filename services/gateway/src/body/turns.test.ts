import { expect, it } from "vitest";
import { Turns } from "./turns.ts";

it("bodies that wait at once have a turn of the event loop each, in their order", async () => {
  const turns = new Turns();
  const order: string[] = [];
  const takeTurn = async (name: string) => {
    await turns.next();
    order.push(name);
    setImmediate(() => order.push("others"));
  };
  await Promise.all(["first", "second", "third"].map(takeTurn));
  expect(order).toEqual(["first", "others", "second", "others", "third"]);
});
