import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { headOf, openConnection, type Target } from "./target.ts";

/** Runs one abusive connection until the service closes it or the abuse is complete. */
type Abuse = (socket: Socket, target: Target) => Promise<void>;

const DROP_MS = 100;
const UNREAD_MS = 10_000;
const LARGE_BODY = 8_000_000;
const JSON_BODY = "Content-Type: application/json";

const slowHeaders: Abuse = async (socket, target) => {
  socket.write(headOf(target, "GET /events").slice(0, -2));
  await dripUntilClosed(socket, "X-Drop: 1\r\n");
};

const slowBody: Abuse = async (socket, target) => {
  socket.write(headOf(target, "POST /publish", [JSON_BODY, `Content-Length: ${LARGE_BODY}`]));
  socket.write(Buffer.alloc(LARGE_BODY - 1_000, " "));
  await dripUntilClosed(socket, " ");
};

const flood: Abuse = async (socket, target) => {
  for (let request = 0; request < 500 && !socket.destroyed; request++) {
    const events = Array.from({ length: 20 }, () => eventOf(crypto.randomUUID()));
    await send(socket, target, Buffer.from(JSON.stringify(events)), []);
  }
};

/** Small compressed bodies that become large: one fills memory, and one keeps a parser busy. */
const BOMBS = [
  gzipSync(Buffer.alloc(48_000_000, " "), { level: 9 }),
  gzipSync(JSON.stringify(eventOf("bomb")).replace('"payload":{}', `"payload":{"a":[${"[],".repeat(2_600_000)}[]]}`)),
];

const bomb: Abuse = async (socket, target) => {
  for (const body of BOMBS) await send(socket, target, body, ["Content-Encoding: gzip"]);
};

const unreadAnswers: Abuse = async (socket, target) => {
  socket.pause();
  const lines = Math.random() < 0.5 ? ["Accept: application/x-ndjson"] : [];
  socket.write(headOf(target, "GET /events?limit=1000", lines));
  await firstOf((signal) => [once(socket, "close", { signal }), delay(UNREAD_MS, undefined, { signal })]);
};

const idle: Abuse = closeOf;

const ABUSES: Abuse[] = [slowHeaders, slowBody, flood, bomb, unreadAnswers];

/** The counts of what happened to each kind of abusive client: answers by status, and refused connections. */
export type Outcomes = Record<string, number>;

/**
 * Runs abusive clients, each of which goes on over a new connection when one has ended, until the process ends. They come
 * from the addresses of the targets in turn. Returns what happens to them.
 */
export function startAbuse(
  targets: Target[],
  { clients, idle: idleClients, onFirstOutcome }: { clients: number; idle: number; onFirstOutcome: () => void },
): Outcomes {
  const outcomes: Outcomes = {};
  const count = (outcome: string) => {
    if (Object.keys(outcomes).length === 0) onFirstOutcome();
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  };
  const start = (abuse: Abuse, number: number) => void repeat(targets[number % targets.length] as Target, abuse, count);
  for (let client = 0; client < clients; client++) start(ABUSES[client % ABUSES.length] as Abuse, client);
  for (let client = 0; client < idleClients; client++) start(idle, client);
  return outcomes;
}

async function repeat(target: Target, abuse: Abuse, count: (outcome: string) => void): Promise<never> {
  for (;;) {
    try {
      const socket = await openConnection(target);
      // `unreadAnswers` pauses the socket; every other abuse reads its answers. Each answer begins a packet, because no
      // request is pipelined.
      socket.on("data", (bytes) => {
        const status = /^HTTP\/1\.1 (\d{3})/.exec(bytes.toString("latin1", 0, 12))?.[1];
        if (status !== undefined) count(`${abuse.name} ${status}`);
      });
      await abuse(socket, target).catch(() => undefined);
      socket.destroy();
    } catch {
      count(`${abuse.name} refused connection`); // tried again
    }
    await delay(DROP_MS);
  }
}

async function dripUntilClosed(socket: Socket, drop: string): Promise<void> {
  while (!socket.destroyed) {
    socket.write(drop);
    await delay(DROP_MS);
  }
}

/** Sends a publish, and waits for the first bytes of its answer. */
async function send(socket: Socket, target: Target, body: Buffer, headers: string[]): Promise<void> {
  socket.write(headOf(target, "POST /publish", [JSON_BODY, `Content-Length: ${body.length}`, ...headers]));
  socket.write(body);
  if (socket.destroyed) return;
  await firstOf((signal) => [once(socket, "data", { signal }), once(socket, "close", { signal })]);
}

/** Waits for the first of several promises, and then aborts the others by the signal. */
async function firstOf(start: (signal: AbortSignal) => Promise<unknown>[]): Promise<void> {
  const ended = new AbortController();
  await Promise.race(start(ended.signal)).finally(() => ended.abort());
}

async function closeOf(socket: Socket): Promise<void> {
  if (!socket.destroyed) await once(socket, "close").catch(() => undefined);
}

function eventOf(eventId: string) {
  return { topic: "abuse", event_id: eventId, timestamp: "2025-10-23T10:00:00Z", source: "abuser", payload: {} };
}
