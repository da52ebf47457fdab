import { expect, test } from "vitest";
import { HEALTH } from "../books/observation-fixture.ts";
import { followSilences } from "./silences.js";

const NO_CONSUMER = { ...HEALTH, consumer_running: false };
const NO_LOG = { ...HEALTH, log_bytes: null, consumer_running: false, gateway_running: false };

test("a silence keeps the time at which it was first seen, and ends with the next heartbeat", () => {
  expect(followSilences({}, NO_CONSUMER, 1)).toEqual({ consumer: 1 });
  expect(followSilences({ consumer: 1 }, NO_CONSUMER, 2)).toEqual({ consumer: 1 });
  expect(followSilences({ consumer: 1 }, undefined, 3)).toEqual({ consumer: 1 });
  expect(followSilences({ consumer: 1 }, HEALTH, 4)).toEqual({});
});

test("without the log nothing begins to be known of gateways and consumers", () => {
  expect(followSilences({}, NO_LOG, 1)).toEqual({ log: 1 });
  expect(followSilences({ consumer: 1 }, NO_LOG, 2)).toEqual({ consumer: 1, log: 2 });
});
