import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { launchService, type ServiceProcess, untilReady } from "../support/service-process.ts";
import { changeTables } from "../support/sqlite-tables.ts";

/** A Tidemark of a test's own, whose dashboard is looked at: the page asks the same of both shapes. */
export interface Tidemark {
  url: string;
  publish(...events: (object | string)[]): Promise<void>;
  stats(): Promise<Record<string, unknown>>;
  /** Ends the process as a crash does. */
  crash(): Promise<void>;
  /** Starts it again, at the same address. */
  restart(): Promise<void>;
  /** From now on the store refuses events for which this SQL holds. */
  refuse(condition: string): void;
  accept(): void;
}

export async function openTidemark(): Promise<Tidemark> {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-browser-"));
  const path = join(directory, "tidemark.db");
  const start = async (environment: Record<string, string> = {}): Promise<ServiceProcess> => {
    const started = await launchService("single", { DATABASE_PATH: path, ...environment });
    await untilReady(started);
    return started;
  };
  let service = await start();
  const { url, port } = service;
  onTestFinished(async () => {
    await service.end("SIGKILL");
    await rm(directory, { recursive: true });
  });

  return {
    url,
    publish: async (...events) => {
      const body = `[${events.map((event) => (typeof event === "string" ? event : JSON.stringify(event))).join(",")}]`;
      const headers = { "content-type": "application/json" };
      const answer = await fetch(`${url}/publish`, { method: "POST", headers, body });
      if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
    },
    stats: async () => (await (await fetch(`${url}/stats`)).json()) as Record<string, unknown>,
    crash: async () => void (await service.end("SIGKILL")),
    restart: async () => {
      service = await start({ PORT: String(port) });
    },
    refuse: (condition) =>
      changeTables(
        path,
        `CREATE TRIGGER refusal BEFORE INSERT ON events WHEN ${condition}
         BEGIN SELECT RAISE(ABORT, 'refused by the test'); END`,
      ),
    accept: () => changeTables(path, "DROP TRIGGER refusal"),
  };
}

let made = 0;

/** An event that no other test has. */
export function makeEvent(fields: Record<string, unknown> = {}) {
  return {
    topic: "browser.test",
    event_id: `browser-${++made}`,
    timestamp: "2025-10-23T10:00:00Z",
    source: "browser-test",
    payload: {},
    ...fields,
  };
}
