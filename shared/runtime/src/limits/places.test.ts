import { LimitExceeded, Unavailable } from "@tidemark/domain/errors";
import { expect, test } from "vitest";
import { Places } from "./places.ts";

const openPlaces = (max: number) => new Places({ name: "exports", code: "too_many_exports", max });

test("one client takes a quarter of the places, and others go on", () => {
  const places = openPlaces(8);
  places.enter("a");
  places.enter("a");
  expect(() => places.enter("a")).toThrow(LimitExceeded);
  expect(() => places.enter("a")).toThrow("this client has 2 exports already");
  places.enter("b");
});

test("every client may take one place", () => {
  openPlaces(2).enter("a");
});

test("when all places are taken, a client that has none gets an error that the service is busy", () => {
  const places = openPlaces(2);
  places.enter("a");
  places.enter("b");
  expect(() => places.enter("c")).toThrow(Unavailable);
  expect(() => places.enter("a")).toThrow(LimitExceeded);
});

test("a place that was given back is free, for its client and for others, also if it is given back twice", () => {
  const places = openPlaces(2);
  const leave = places.enter("a");
  leave();
  leave();
  places.enter("a");
  places.enter("b");
  expect(() => places.enter("c")).toThrow(Unavailable);
});
