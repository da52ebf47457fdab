import { createHistogram } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { KeptConnection, makeRequest } from "./kept-connection.ts";
import { EventNumbers, eventOffset, makeBody, writeEvent } from "./sample-events.ts";

export interface LoadOrder {
  /** The URLs of POST /publish; connections use them in turn. */
  urls: string[];
  connections: number;
  eventsPerRequest: number;
  /** The run ends at the limit in seconds or in events that is reached first. */
  seconds?: number;
  events?: number;
  duplicateRate: number;
  /** Six characters that identify the run. With `made`, they are those of the run whose events are sent again. */
  runId: string;
  made?: number;
}

export interface LoadResult {
  elapsedMs: number;
  requests: number;
  /** The number of answers by status. */
  statuses: Record<string, number>;
  /** The number of distinct events that the run has sent so far. */
  made: number;
  sent: number;
  received: number;
  accepted: number;
  duplicates: number;
  pending: number;
  latencyMs: { p50: number; p99: number; p999: number; max: number };
  /** The processor time of the loader. */
  cpuMicros: number;
}

/** The pause after a refusal, because an immediate retry would only add load. */
const REFUSED_PAUSE_MS = 50;
const MICROS_A_MS = 1_000;

/** Sends requests until the order is complete and every answer has arrived. */
export async function runLoad(order: LoadOrder): Promise<LoadResult> {
  const { urls, eventsPerRequest, duplicateRate, made = 0, runId } = order;
  const targets = urls.map((url) => new URL("/publish", url));
  const numbers = new EventNumbers({ duplicateRate, made });
  const latency = createHistogram();
  const tally = { requests: 0, sent: 0, received: 0, accepted: 0, duplicates: 0, pending: 0 };
  const statuses: Record<string, number> = {};
  const open = (_: unknown, index: number) => {
    const url = targets[index % targets.length] as URL;
    return KeptConnection.open(url).then((connection) => ({ connection, url }));
  };
  const opened = await Promise.all(Array.from({ length: order.connections }, open));

  const cpuAtStart = process.cpuUsage();
  const startedAt = performance.now();
  const endsAt = startedAt + (order.seconds ?? Number.POSITIVE_INFINITY) * 1_000;
  const isOver = () => tally.sent >= (order.events ?? Number.POSITIVE_INFINITY) || performance.now() >= endsAt;

  async function drive({ connection, url }: (typeof opened)[number]): Promise<void> {
    const request = makeRequest(url, makeBody(runId, eventsPerRequest));
    const bodyAt = request.length - makeBody(runId, eventsPerRequest).length;
    while (!isOver()) {
      for (let index = 0; index < eventsPerRequest; index++) {
        writeEvent(request, bodyAt + eventOffset(index, eventsPerRequest), numbers.next());
      }
      tally.requests++;
      tally.sent += eventsPerRequest;
      const sentAt = performance.now();
      const { status, body } = await connection.send(request);
      latency.record(Math.max(1, Math.round((performance.now() - sentAt) * MICROS_A_MS)));
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (status >= 300) {
        await delay(REFUSED_PAUSE_MS);
        continue;
      }
      const counts = JSON.parse(body) as Partial<typeof tally>;
      tally.received += counts.received ?? 0;
      tally.accepted += counts.accepted ?? 0;
      tally.duplicates += counts.duplicates ?? 0;
      tally.pending += counts.pending ?? 0;
    }
  }
  await Promise.all(opened.map(drive));
  const elapsedMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuAtStart);
  for (const { connection } of opened) connection.close();
  const percentile = (share: number) => latency.percentile(share) / MICROS_A_MS;
  return {
    ...tally,
    elapsedMs,
    statuses,
    made: numbers.made,
    latencyMs: { p50: percentile(50), p99: percentile(99), p999: percentile(99.9), max: latency.max / MICROS_A_MS },
    cpuMicros: user + system,
  };
}
