import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { flag, HttpSettings, IntakeSettings, RetentionSettings, readSettings, StackSettings } from "./settings.ts";

describe("readSettings", () => {
  it("a process on a laptop needs no settings", () => {
    expect(readSettings(HttpSettings, {})).toEqual({ HOST: "127.0.0.1", PORT: 8080 });
    expect(readSettings(HttpSettings, { PORT: "", HOST: "" })).toEqual({ HOST: "127.0.0.1", PORT: 8080 });
  });

  it("one error names all invalid settings", () => {
    const schema = StackSettings.extend(IntakeSettings.shape);
    const read = () => readSettings(schema, { NATS_URL: "http://x", MAX_BATCH_EVENTS: "many", MAX_BODY_BYTES: "5" });
    for (const name of ["NATS_URL", "DATABASE_URL", "MAX_BATCH_EVENTS", "MAX_BODY_BYTES"]) expect(read).toThrow(name);
  });

  it("the error for a setting that is not a number names its range", () => {
    expect(() => readSettings(RetentionSettings, { DUPLICATE_LOG_DAYS: "-1" })).toThrow("whole number from 0 to 3650");
  });

  it("a WebSocket URL is refused as NATS_URL", () => {
    const schema = StackSettings.pick({ NATS_URL: true });
    for (const NATS_URL of ["ws://localhost:80", "wss://localhost"]) {
      expect(() => readSettings(schema, { NATS_URL })).toThrow("NATS_URL: must be a NATS URL");
    }
    expect(readSettings(schema, { NATS_URL: "tls://localhost" })).toEqual({ NATS_URL: "tls://localhost" });
  });

  it("a setting is read from a file, and refused if it is also set directly", () => {
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

  it("a flag is true or false", () => {
    const schema = z.object({ REQUIRE_DURABLE: flag(false) });
    expect(readSettings(schema, {})).toEqual({ REQUIRE_DURABLE: false });
    expect(readSettings(schema, { REQUIRE_DURABLE: "true" })).toEqual({ REQUIRE_DURABLE: true });
    expect(() => readSettings(schema, { REQUIRE_DURABLE: "yes" })).toThrow("must be true or false");
  });
});
