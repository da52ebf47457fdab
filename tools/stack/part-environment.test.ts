import { expect, test } from "vitest";
import { environmentOfPart } from "./part-environment.ts";

const SECRETS = {
  DATABASE_URL: "d",
  DATABASE_URL_FILE: "d",
  SIGNING_KEY: "s",
  SIGNING_KEY_FILE: "s",
  API_KEYS_FILE: "k",
};

test.each([
  ["gateway", ["SIGNING_KEY", "SIGNING_KEY_FILE", "API_KEYS_FILE"]],
  ["consumer", ["DATABASE_URL", "DATABASE_URL_FILE"]],
  ["query", Object.keys(SECRETS)],
] as const)("a %s gets only its own secrets, and every other setting", (part, secrets) => {
  const environment = environmentOfPart(part, { ...SECRETS, NATS_URL: "n", LOG_LEVEL: "debug" });

  expect(Object.keys(environment)).toEqual([...secrets, "NATS_URL", "LOG_LEVEL"]);
});
