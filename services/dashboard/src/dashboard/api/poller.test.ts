import { expect, test } from "vitest";
import { HEALTH } from "../books/observation-fixture.ts";
import { describeTrouble } from "./poller.js";
import { Refused, Unreachable } from "./request.js";

test("a service that answers /health but not /stats has a silent store, and is not disconnected", () => {
  expect(describeTrouble(new Unreachable(), HEALTH)).toEqual({
    isDisconnected: false,
    detail: "the store does not answer",
  });
  expect(describeTrouble(new Unreachable(), undefined)).toMatchObject({ isDisconnected: true, isBehindProxy: false });
  expect(describeTrouble(new Refused("the database cannot be reached", 503), HEALTH)).toMatchObject({
    isDisconnected: false,
    detail: "the database cannot be reached",
  });
});
