import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

/** The limit of a wait for a condition. It is long, because the processes share the machine with other tests. */
export const WAIT = { timeout: 30_000 };

/** Runs the command in the folder of that name in services/admin. */
export async function runAdmin(command: string, args: string[], settings: Record<string, string> = {}) {
  const env = { PATH: process.env.PATH, ...settings };
  const child = spawn(process.execPath, [adminScript(command), ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  const [output, fault, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { status, output, fault };
}

export function adminScript(command: string): string {
  return new URL(`../../services/admin/src/${command}/main.ts`, import.meta.url).pathname;
}

/** Publishes events, each request with a duplicate, until it is stopped. Keeps the ids that were confirmed. */
export function publishInTheBackground(url: string, prefix = "before") {
  const confirmed: string[] = [];
  let isStopped = false;
  const publish = async (sender: number) => {
    for (let n = 0; !isStopped; n++) {
      const events = Array.from({ length: 20 }, (_, index) => eventOf(`${prefix}-${sender}-${n}-${index}`));
      const response = await fetch(`${url}/publish`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify([...events, events[0]]),
      });
      if (response.ok) confirmed.push(...events.map(({ event_id: id }) => id));
    }
  };
  const done = Promise.all([publish(0), publish(1), publish(2)]);
  return {
    confirmed,
    stop: async () => {
      isStopped = true;
      await done;
    },
  };
}

function eventOf(id: string) {
  return { topic: "t", event_id: id, timestamp: "2025-10-23T10:00:00Z", source: "s", payload: { id } };
}

export async function readJson(url: string): Promise<Record<string, unknown>> {
  return (await (await fetch(url)).json()) as Record<string, unknown>;
}

/** Returns the ids of all stored events, in the order of commits. */
export async function storedIds(url: string): Promise<string[]> {
  const response = await fetch(`${url}/events?order=asc`, { headers: { accept: "application/x-ndjson" } });
  const lines = (await response.text()).trim().split("\n");
  return lines.slice(0, -1).map((line) => JSON.parse(line).event_id);
}
