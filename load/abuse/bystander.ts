import { once } from "node:events";
import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import type { Target } from "./target.ts";

/** The requests of a well-behaved client and their latencies. */
export interface Observation {
  requests: number;
  /** The requests without a 2xx, each with its answer or its error. */
  failures: string[];
  p50Ms: number;
  p99Ms: number;
}

const ANSWER_DEADLINE_MS = 30_000;

/** Publishes events, reads them and reads the health, one request after the other over one connection. */
export async function observe(target: Target, seconds: number): Promise<Observation> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const topic = `bystander ${crypto.randomUUID()}`;
  const took: number[] = [];
  const failures: string[] = [];
  const ask = async (method: string, path: string, body?: string) => {
    const start = performance.now();
    const fault = await answerOf(target, { agent, method, path, body });
    took.push(performance.now() - start);
    if (fault !== undefined) failures.push(`${method} ${path}: ${fault}`);
  };
  for (const endMs = performance.now() + seconds * 1_000; performance.now() < endMs; ) {
    await ask("POST", "/publish", eventsOf(topic));
    await ask("GET", `/events?limit=10&topic=${encodeURIComponent(topic)}`);
    await ask("GET", "/health");
  }
  agent.destroy();
  took.sort((left, right) => left - right);
  const quantile = (part: number) => took[Math.min(took.length - 1, Math.floor(part * took.length))] ?? 0;
  return { requests: took.length, failures, p50Ms: quantile(0.5), p99Ms: quantile(0.99) };
}

interface Request {
  agent: Agent;
  method: string;
  path: string;
  body: string | undefined;
}

/** Returns the fault of an answer; undefined if it has none. */
async function answerOf(target: Target, { agent, method, path, body }: Request): Promise<string | undefined> {
  const { url, address, apiKey } = target;
  const headers = {
    ...(body !== undefined && { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
    ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
  };
  const signal = AbortSignal.timeout(ANSWER_DEADLINE_MS);
  try {
    const sent = request(new URL(path, url), { agent, method, headers, localAddress: address, family: 4, signal });
    sent.end(body);
    const [response] = await once(sent, "response");
    const answer = await text(response);
    return response.statusCode < 300 ? undefined : `${response.statusCode} ${answer.slice(0, 200)}`;
  } catch (error) {
    return String(error);
  }
}

function eventsOf(topic: string): string {
  const event = { topic, timestamp: "2025-10-23T10:00:00Z", source: "bystander", payload: { text: "x".repeat(100) } };
  return JSON.stringify(Array.from({ length: 10 }, () => ({ ...event, event_id: crypto.randomUUID() })));
}
