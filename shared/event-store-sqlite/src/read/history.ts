import {
  everyStep,
  type History,
  type HistoryQuery,
  MINUTE_MS,
  minutesOf,
  type StepSums,
  startOfStep,
} from "@tidemark/event-store/history";
import type { Database } from "better-sqlite3";
import { topicReach } from "./topic-reach.ts";

/**
 * The minutes that one call reads, at most. A minute has 51 rows at most, so a call takes some milliseconds, however long the
 * history is.
 */
export const MINUTES_AT_ONCE = 360;

const IS_ASKED = "minute >= @since AND minute < @until";
// The driver binds every number as REAL, whose quotient would not be whole.
const STEP = "(minute - CAST(@since AS INTEGER)) / CAST(@stepMinutes AS INTEGER)";

/** Minutes since 1970, the last excluded. */
interface Minutes {
  since: number;
  until: number;
}

/** The part of a history that is not the movement of the books. */
type Surroundings = Omit<History, "steps">;

/** The functions of the reading thread, as the main thread calls them. */
interface HistoryCalls {
  readMovements(query: HistoryQuery, part: Minutes): Promise<StepSums[]>;
  readSurroundings(query: HistoryQuery): Promise<Surroundings>;
}

/**
 * `HistoryReader.readHistory`, in calls of a few hours each, so that the other reads of the thread get their turn between
 * them. Each call is a snapshot. Only the present minute moves, and it comes last.
 */
export async function readHistory(calls: HistoryCalls, query: HistoryQuery): Promise<History> {
  const { since, until } = minutesOf(query);
  const byStep = new Map<number, StepSums>();
  for (let at = since; at < until; at += MINUTES_AT_ONCE) {
    const part = { since: at, until: Math.min(until, at + MINUTES_AT_ONCE) };
    for (const sums of await calls.readMovements(query, part)) {
      const before = byStep.get(sums.step);
      byStep.set(sums.step, before === undefined ? sums : addSums(before, sums));
    }
  }
  return { steps: everyStep(query, [...byStep.values()]), ...(await calls.readSurroundings(query)) };
}

/** Adds the sums of two parts of a step. */
function addSums(left: StepSums, right: StepSums): StepSums {
  return {
    step: left.step,
    stored: left.stored + right.stored,
    duplicates: left.duplicates + right.duplicates,
    conflicts: left.conflicts + right.conflicts,
    deadLettered: left.deadLettered + right.deadLettered,
    unlisted: left.unlisted + right.unlisted,
  };
}

/**
 * Prepares the sums of the steps of a part. It reads step by step, because SQLite would sort all rows of a `GROUP BY`, which
 * takes five times as long.
 */
export function prepareMovements(database: Database): (query: HistoryQuery, part: Minutes) => StepSums[] {
  const read = database.transaction((query: HistoryQuery, part: Minutes): StepSums[] => {
    const { text, parameters } = movements(query);
    const statement = database.prepare<[Record<string, unknown>], Omit<StepSums, "step">>(text);
    const { since } = minutesOf(query);
    const sums: StepSums[] = [];
    for (let at = part.since; at < part.until; ) {
      const step = Math.floor((at - since) / query.stepMinutes);
      const until = Math.min(part.until, since + (step + 1) * query.stepMinutes);
      sums.push({ step, ...(statement.get({ ...parameters, since: at, until }) as Omit<StepSums, "step">) });
      at = until;
    }
    return sums;
  });
  return read.deferred;
}

/** Prepares the starts of services, and the first minute. */
export function prepareSurroundings(database: Database): (query: HistoryQuery) => Surroundings {
  const readStarts = database.prepare<Record<string, number>, { step: number; service: string; count: number }>(
    `SELECT ${STEP} AS step, service, sum(count) AS count FROM starts WHERE ${IS_ASKED} GROUP BY 1, 2 ORDER BY 1, 2`,
  );
  const readFirst = database.prepare<[], number | null>("SELECT min(minute) FROM history").pluck();
  return (query) => {
    const first = readFirst.get();
    const starts = readStarts.all({ ...minutesOf(query), stepMinutes: query.stepMinutes });
    return {
      starts: starts.map(({ step, ...start }) => ({ ...start, startMs: startOfStep(query, step) })),
      ...(typeof first === "number" && { beganAtMs: first * MINUTE_MS }),
    };
  };
}

/** Sums the movements that a query is about. Those of topics come with the events that may be theirs. */
function movements({ topic, topicPrefixes }: HistoryQuery): { text: string; parameters: Record<string, string> } {
  const sums = `coalesce(sum(stored), 0) AS stored, coalesce(sum(duplicates), 0) AS duplicates,
    coalesce(sum(conflicts), 0) AS conflicts, coalesce(sum(dead_lettered), 0) AS "deadLettered"`;
  const unlisted = "coalesce(sum(unlisted), 0)";
  if (topic === undefined && topicPrefixes === undefined) {
    return { text: `SELECT ${sums}, ${unlisted} AS unlisted FROM history WHERE ${IS_ASKED}`, parameters: {} };
  }
  const reach = topicReach(topicPrefixes);
  const conditions = [IS_ASKED, ...(topic === undefined ? [] : ["topic = @topic"]), ...reach.conditions];
  const text = `SELECT ${sums}, (SELECT ${unlisted} FROM history WHERE ${IS_ASKED}) AS unlisted
    FROM topic_history WHERE ${conditions.join(" AND ")}`;
  return { text, parameters: { ...reach.parameters, ...(topic !== undefined && { topic }) } };
}
