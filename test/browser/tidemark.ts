import { waitFor } from "@tidemark/test-support/wait-for";
import { inject } from "vitest";
import type { RunningShape } from "./shape.ts";
import { openSingle } from "./single.ts";
import { openStack } from "./stack.ts";

/** A Tidemark that one test owns and whose dashboard it opens. The tests are the same for both shapes. */
export interface Tidemark extends RunningShape {
  /** Publishes events and waits until each has its verdict. */
  publish(...events: (object | string)[]): Promise<void>;
  stats(): Promise<Record<string, unknown>>;
}

const OPEN = { single: openSingle, stack: openStack };

export async function openTidemark(): Promise<Tidemark> {
  const shape = await OPEN[inject("shape")]();
  // /readyz answers 200 sooner, but before the first heartbeat /health reports that no consumer runs.
  await waitFor("health", async () => (await fetch(`${shape.url}/health`)).ok);
  return {
    ...shape,
    publish: async (...events) => {
      const body = `[${events.map((event) => (typeof event === "string" ? event : JSON.stringify(event))).join(",")}]`;
      const headers = { "content-type": "application/json", prefer: "wait=60" };
      const answer = await fetch(`${shape.url}/publish`, { method: "POST", headers, body });
      if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
    },
    stats: async () => (await (await fetch(`${shape.url}/stats`)).json()) as Record<string, unknown>,
  };
}

let made = 0;

/** Makes an event with an id that no other test uses. */
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
