import { expect, test } from "vitest";
import { readServerUrl } from "./connection.ts";

test("the server gets a user and a password, a token, or nothing, as the URL says", () => {
  const servers = "broker:4222";
  expect(readServerUrl("nats://ann:a%40b@broker:4222")).toEqual({ servers, user: "ann", pass: "a@b" });
  expect(readServerUrl("nats://s3cr%2Ft@broker:4222")).toEqual({ servers, token: "s3cr/t" });
  expect(readServerUrl("nats://broker")).toEqual({ servers });
});

test("encrypts for tls", () => {
  expect(readServerUrl("tls://broker:4223")).toEqual({ servers: "broker:4223", tls: {} });
});
