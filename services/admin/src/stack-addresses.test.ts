import { expect, test } from "vitest";
import { stackOf, withLog } from "./stack-addresses.ts";

const SETTINGS = { DATABASE_PATH: "data/tidemark.db", LOG_MAX_BYTES: 1_000_000, LOG_REPLICAS: 1 };

test("a command ends when the log does not answer, and names it without its password", async () => {
  const stack = { databaseUrl: "postgres://127.0.0.1:1/none", natsUrl: "nats://backup:secret@127.0.0.1:1" };

  const work = withLog(stack, { name: "backup", connectWithinMs: 1 }, async () => "done");

  await expect(work).rejects.toThrow("the log at nats://backup:***@127.0.0.1:1 does not answer");
});

test.each([
  ["an option", "nats://backup:secret@nats:4222", undefined],
  ["a setting", undefined, "nats://backup:secret@nats:4222"],
])("an authority beside an unencrypted address, which is %s, is refused", (_how, nats, setting) => {
  const settings = { ...SETTINGS, NATS_CA_FILE: "ca.pem", ...(setting && { NATS_URL: setting }) };

  expect(() => stackOf("postgres://h/d", { nats, settings })).toThrow("NATS_URL must begin with tls://");
});
