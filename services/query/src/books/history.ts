import { InvalidInput, LimitExceeded } from "@tidemark/domain/errors";
import {
  type History,
  type HistoryQuery,
  type HistoryReader,
  MINUTE_MS,
  type ServiceStart,
} from "@tidemark/event-store/history";
import { type HistoryAnswer, MAX_STEPS, readHistory } from "@tidemark/http-api/operations/history-api";
import { clientOf } from "@tidemark/runtime/access/client";
import { reachOf } from "@tidemark/runtime/access/topic-reach";
import { coalesce } from "@tidemark/runtime/coalesce";
import { ClientBudget } from "@tidemark/runtime/limits/client-budget";
import type { FastifyInstance } from "fastify";
import { registerOperation } from "../register-operation.ts";

const DEFAULT_RANGE_MS = 60 * MINUTE_MS;
/**
 * The histories that are read at a time, and those of one client. The history of a key with prefixes may read millions
 * of rows, and in single every other read waits for it.
 */
const MAX_READS = 2;
const MAX_CLIENT_READS = 1;
/** A dashboard asks for the histories of several topics together. */
const MAX_WAIT_MS = 5_000;

export interface HistoryOptions {
  reader: HistoryReader;
  /** Returns the starts of gateways, in milliseconds since the epoch. */
  gatewayStarts: () => number[];
  /** How long a request waits for others. Default: 5 s. */
  maxWaitMs?: number;
}

/** Registers `GET /stats/history`. All requests for the same steps share one read of the store at a time. */
export function registerHistory(server: FastifyInstance, options: HistoryOptions): void {
  const { reader, gatewayStarts, maxWaitMs = MAX_WAIT_MS } = options;
  const limits = { maxBytes: MAX_READS, maxBytesPerClient: MAX_CLIENT_READS, maxWaitMs };
  const reads = new ClientBudget({ ...limits, refuseClient: tooManyHistories });
  const read = coalesce((query: string) => reader.readHistory(JSON.parse(query) as HistoryQuery));

  registerOperation(server, readHistory, async (request) => {
    const { topic, ...parameters } = request.query;
    const client = clientOf(request);
    const reach = reachOf(client, topic);
    const range = stepsOf(parameters, Date.now());
    const room = reads.enter(client.id);
    try {
      await room.grow(1);
      const history = await read(JSON.stringify({ ...range, ...reach }));
      return historyAnswer(range, { topic, history, gatewayStarts: gatewayStarts() });
    } finally {
      room.release();
    }
  });
}

function tooManyHistories(): LimitExceeded {
  return new LimitExceeded({ code: "too_many_lists", detail: "this client is reading a history already" });
}

type Range = Pick<HistoryQuery, "sinceMs" | "untilMs" | "stepMinutes">;

/**
 * Returns the whole steps that cover a range.
 *
 * @throws {InvalidInput} 400 `invalid_parameter` if the range is empty, or has more than `MAX_STEPS` steps
 */
export function stepsOf(
  { since, until = Infinity, step }: { since?: number; until?: number; step: number },
  nowMs: number,
): Range {
  const stepMs = step * MINUTE_MS;
  const lastMs = Math.min(until, nowMs);
  const firstMs = since ?? lastMs - DEFAULT_RANGE_MS;
  if (firstMs >= lastMs) throw invalid("/since", "must be before `until`, which is now at the latest");
  const sinceMs = Math.floor(firstMs / stepMs) * stepMs;
  const untilMs = Math.ceil(lastMs / stepMs) * stepMs;
  const count = (untilMs - sinceMs) / stepMs;
  if (count > MAX_STEPS) {
    const enough = Math.ceil((lastMs - firstMs) / MINUTE_MS / (MAX_STEPS - 1)); // steps are longer than the range by one
    throw invalid(
      "/step",
      `gives ${count} steps, and an answer has ${MAX_STEPS} at most: ask for ${enough}m or longer`,
    );
  }
  return { sinceMs, untilMs, stepMinutes: step };
}

function invalid(pointer: string, detail: string): InvalidInput {
  const faults = [{ pointer, detail }];
  return new InvalidInput({ code: "invalid_parameter", status: 400, detail: `${pointer.slice(1)} ${detail}`, faults });
}

interface Findings {
  topic: string | undefined;
  history: History;
  gatewayStarts: number[];
}

function historyAnswer(range: Range, { topic, history, gatewayStarts }: Findings): HistoryAnswer {
  const { steps, starts, beganAtMs } = history;
  const all = [...starts, ...startsBySteps(range, gatewayStarts)].toSorted((one, other) => one.startMs - other.startMs);
  return {
    since: momentOf(range.sinceMs),
    until: momentOf(range.untilMs),
    step_seconds: range.stepMinutes * 60,
    topic: topic ?? null,
    begins_at: beganAtMs === undefined ? null : momentOf(beganAtMs),
    steps: steps.map(({ startMs, stored, duplicates, conflicts, deadLettered, isComplete }) => ({
      start: momentOf(startMs),
      received: stored + duplicates + deadLettered,
      stored,
      duplicates,
      conflicts,
      dead_lettered: deadLettered,
      complete: isComplete,
    })),
    starts: all.map(({ startMs, service, count }) => ({ start: momentOf(startMs), service, count })),
  };
}

/** Counts the starts of gateways by the steps of a range. */
function startsBySteps({ sinceMs, untilMs, stepMinutes }: Range, startsMs: number[]): ServiceStart[] {
  const stepMs = stepMinutes * MINUTE_MS;
  const counts = new Map<number, number>();
  for (const atMs of startsMs) {
    if (atMs < sinceMs || atMs >= untilMs) continue;
    const startMs = Math.floor(atMs / stepMs) * stepMs;
    counts.set(startMs, (counts.get(startMs) ?? 0) + 1);
  }
  return Array.from(counts, ([startMs, count]) => ({ service: "gateway", startMs, count }));
}

/** Formats the beginning of a minute. */
function momentOf(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(".000Z", "Z");
}
