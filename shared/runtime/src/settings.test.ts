import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { flag, HttpSettings, IntakeSettings, RetentionSettings, readSettings, StackSettings } from "./settings.ts";

describe("readSettings", () => {
  it("has a default for everything a laptop needs", () => {
    expect(readSettings(HttpSettings, {})).toEqual({ HOST: "127.0.0.1", PORT: 8080 });
    expect(readSettings(HttpSettings, { PORT: "", HOST: "" })).toEqual({ HOST: "127.0.0.1", PORT: 8080 });
  });

  it("names all faults at once", () => {
    const schema = StackSettings.extend(IntakeSettings.shape);
    const read = () => readSettings(schema, { NATS_URL: "http://x", MAX_BATCH_EVENTS: "many", MAX_BODY_BYTES: "5" });
    for (const name of ["NATS_URL", "DATABASE_URL", "MAX_BATCH_EVENTS", "MAX_BODY_BYTES"]) expect(read).toThrow(name);
  });

  it("names the range of a number that is none", () => {
    expect(() => readSettings(RetentionSettings, { DUPLICATE_LOG_DAYS: "-1" })).toThrow("whole number from 0 to 3650");
  });

  it("takes no NATS URL for a WebSocket", () => {
    const schema = StackSettings.pick({ NATS_URL: true });
    for (const NATS_URL of ["ws://localhost:80", "wss://localhost"]) {
      expect(() => readSettings(schema, { NATS_URL })).toThrow("NATS_URL: must be a NATS URL");
    }
    expect(readSettings(schema, { NATS_URL: "tls://localhost" })).toEqual({ NATS_URL: "tls://localhost" });
  });

  it("takes a value from a file, and not from both", () => {
    const folder = mkdtempSync(join(tmpdir(), "tidemark-config-"));
    try {
      const file = join(folder, "url");
      writeFileSync(file, "nats://secret@localhost:4222\n");
      const schema = StackSettings.pick({ NATS_URL: true });
      expect(readSettings(schema, { NATS_URL_FILE: file })).toEqual({ NATS_URL: "nats://secret@localhost:4222" });
      expect(() => readSettings(schema, { NATS_URL_FILE: file, NATS_URL: "nats://x" })).toThrow("not both");
      expect(() => readSettings(schema, { NATS_URL_FILE: join(folder, "none") })).toThrow("NATS_URL_FILE: cannot read");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("reads flags", () => {
    const schema = z.object({ REQUIRE_DURABLE: flag(false) });
    expect(readSettings(schema, {})).toEqual({ REQUIRE_DURABLE: false });
    expect(readSettings(schema, { REQUIRE_DURABLE: "true" })).toEqual({ REQUIRE_DURABLE: true });
    expect(() => readSettings(schema, { REQUIRE_DURABLE: "yes" })).toThrow("must be true or false");
  });
});
