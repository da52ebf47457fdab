import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { readSettings } from "./read-settings.ts";
import { findMisspelled } from "./setting-names.ts";
import {
  BrokerSettings,
  CA_NEEDS_TLS,
  ConflictSettings,
  flag,
  HttpSettings,
  IntakeSettings,
  ProcessSettings,
  RetentionSettings,
  StackSettings,
  StackSigningSettings,
} from "./settings.ts";

describe("readSettings", () => {
  it("a process on a laptop needs no settings", () => {
    const preset = { HOST: "127.0.0.1", PORT: 8080, MAX_CONNECTIONS: 10_000, TRUSTED_PROXIES: [] };
    expect(readSettings(HttpSettings, {})).toEqual(preset);
    expect(readSettings(HttpSettings, { PORT: "", HOST: "", TRUSTED_PROXIES: "" })).toEqual(preset);
  });

  it("one error names all invalid settings", () => {
    const schema = StackSettings.extend(IntakeSettings.shape);
    const read = () => readSettings(schema, { NATS_URL: "http://x", MAX_BATCH_EVENTS: "many", MAX_BODY_BYTES: "5" });
    for (const name of ["NATS_URL", "DATABASE_URL", "MAX_BATCH_EVENTS", "MAX_BODY_BYTES"]) expect(read).toThrow(name);
  });

  it("the error for a setting that is not a number names its range", () => {
    expect(() => readSettings(RetentionSettings, { DUPLICATE_LOG_DAYS: "-1" })).toThrow("whole number from 0 to 3650");
  });

  it("CONFLICT_FIELDS is a list of fields with the source, and all of them without a setting", () => {
    const read = (CONFLICT_FIELDS: string) => readSettings(ConflictSettings, { CONFLICT_FIELDS }).CONFLICT_FIELDS;
    expect(read("")).toEqual(["source", "timestamp", "payload", "attributes"]);
    expect(read("Source, payload")).toEqual(["source", "payload"]);
    expect(() => read("timestamp,payload")).toThrow("CONFLICT_FIELDS: must contain source");
    expect(() => read("source,time")).toThrow("must be some of source,timestamp,payload,attributes");
  });

  it("a WebSocket URL is refused as NATS_URL", () => {
    const schema = StackSettings.pick({ NATS_URL: true });
    for (const NATS_URL of ["ws://localhost:80", "wss://localhost"]) {
      expect(() => readSettings(schema, { NATS_URL })).toThrow("NATS_URL: must be a NATS URL");
    }
    expect(readSettings(schema, { NATS_URL: "tls://localhost" })).toEqual({ NATS_URL: "tls://localhost" });
  });

  it("a signing key is a secret of 32 characters, or several, and the error does not quote it", () => {
    const [OLD, NEW] = ["o".repeat(32), "n".repeat(32)];
    const read = (SIGNING_KEY?: string) => readSettings(StackSigningSettings, { SIGNING_KEY });
    expect(read(`${NEW}, ${OLD}`)).toEqual({ SIGNING_KEY: [NEW, OLD] });
    expect(() => read()).toThrow("SIGNING_KEY: must be set, to the same value for every gateway and query");
    expect(() => read(`${NEW},short`)).toThrow("at least 32 characters");
    expect(() => read(`${NEW},short`)).not.toThrow("short");
  });

  it("hosts and origins are lists, and refused with the form that they need", () => {
    const read = (values: Record<string, string>) => readSettings(HttpSettings, values);
    expect(read({ ALLOWED_HOSTS: "Tidemark.example.com, *.example.com" }).ALLOWED_HOSTS).toEqual([
      "tidemark.example.com",
      "*.example.com",
    ]);
    expect(read({ CORS_ORIGINS: "https://app.example.com" }).CORS_ORIGINS).toEqual(["https://app.example.com"]);
    for (const host of ["https://a.example", "a.example:80", "a.*.example", "a,,b"]) {
      expect(() => read({ ALLOWED_HOSTS: host })).toThrow("ALLOWED_HOSTS: must be names without ports");
    }
    for (const origin of ["*", "app.example.com", "https://app.example.com/", "https://app.example.com:443"]) {
      expect(() => read({ CORS_ORIGINS: origin })).toThrow("CORS_ORIGINS: must be origins such as");
    }
  });

  it("an authority for NATS without TLS is refused, even if there are other faults", () => {
    const schema = StackSettings.refine(...CA_NEEDS_TLS);
    const read = (NATS_URL: string, DATABASE_URL = "postgres://localhost/tidemark") =>
      readSettings(schema, { NATS_URL, DATABASE_URL, NATS_CA_FILE: "ca.pem" });
    expect(read("tls://localhost:4222")).toMatchObject({ NATS_CA_FILE: "ca.pem" });
    expect(() => read("nats://localhost:4222")).toThrow("NATS_CA_FILE: works only with TLS");
    expect(() => read("nats://localhost:4222", "none")).toThrow(/DATABASE_URL: .*\n.*NATS_CA_FILE: works only/);
    expect(readSettings(BrokerSettings.refine(...CA_NEEDS_TLS), { NATS_URL: "nats://localhost" })).toBeDefined();
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

  it("a flag is true or false, in any case", () => {
    const schema = z.object({ REQUIRE_DURABLE: flag(false) });
    expect(readSettings(schema, {})).toEqual({ REQUIRE_DURABLE: false });
    expect(readSettings(schema, { REQUIRE_DURABLE: "true" })).toEqual({ REQUIRE_DURABLE: true });
    expect(readSettings(schema, { REQUIRE_DURABLE: "TRUE" })).toEqual({ REQUIRE_DURABLE: true });
    expect(() => readSettings(schema, { REQUIRE_DURABLE: "yes" })).toThrow("must be true or false");
  });

  it("a log level may be written in any case", () => {
    expect(readSettings(ProcessSettings, { LOG_LEVEL: "INFO" })).toMatchObject({ LOG_LEVEL: "info" });
    expect(() => readSettings(ProcessSettings, { LOG_LEVEL: "loud" })).toThrow(
      "LOG_LEVEL: must be one of trace, debug",
    );
  });
});

describe("names in a file from which Node fills the environment", () => {
  function readWith(text: string, schema: z.ZodObject = HttpSettings) {
    const folder = mkdtempSync(join(tmpdir(), "tidemark-env-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, ".env");
    writeFileSync(file, text);
    return () => readSettings(schema, {}, ["--heap-growing-percent=20", `--env-file-if-exists=${file}`]);
  }

  it("a name that is not a setting is a fault, together with all other faults, and the nearest setting is named", () => {
    const read = readWith("PUBLISH_WAIT_MSS=1\nRETENTION_DAY=abc\nQUEUE_MAX=7\n", StackSettings);
    for (const fault of [
      "PUBLISH_WAIT_MSS is not a setting; did you mean PUBLISH_WAIT_MS?",
      "RETENTION_DAY is not a setting",
      "QUEUE_MAX is not a setting; did you mean QUEUE_MAX_SIZE?",
      "NATS_URL: must be a NATS URL",
    ])
      expect(read).toThrow(fault);
  });

  it("a setting of another service, of Docker Compose, or of another program is not a fault", () => {
    const names = ["QUEUE_MAX_SIZE", "DATABASE_URL_FILE", "GATEWAY_REPLICAS", "COMPOSE_PROJECT_NAME", "TZ"];
    expect(readWith(names.map((name) => `${name}=1`).join("\n"))).not.toThrow();
  });

  it("a file that does not exist is not a fault", () => {
    expect(() => readSettings(HttpSettings, {}, ["--env-file-if-exists=/nonexistent/.env"])).not.toThrow();
  });
});

describe("names in the environment", () => {
  it.each([
    ["PUBLISH_WAIT_MSS", "PUBLISH_WAIT_MS"],
    ["MAX_BODY_BYTE", "MAX_BODY_BYTES"],
    ["log_level", "LOG_LEVEL"],
    ["LOG_MAX", "LOG_MAX_BYTES"],
    ["TIDEMARK_DATABASE_URL", "DATABASE_URL"],
    ["DATABASE_URL_FIL", "DATABASE_URL_FILE"],
  ])("%s is nearly %s", (name, nearest) => {
    expect(findMisspelled([name])).toEqual([{ name, nearest }]);
  });

  it.each(["HOSTNAME", "PATH", "HOSTS", "NATS_PORT", "POSTGRES_PORT_5432_TCP", "TIDEMARK_PORT", "NODE_ENV", "PORT"])(
    "%s is not a misspelled setting",
    (name) => expect(findMisspelled([name])).toEqual([]),
  );
});
