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

const IS_ASKED = "minute >= @since AND minute < @until";
// The driver binds every number as REAL, whose quotient would not be whole.
const STEP = "(minute - CAST(@since AS INTEGER)) / CAST(@stepMinutes AS INTEGER)";

/** Prepares `HistoryReader.readHistory`. */
export function prepareHistory(database: Database): (query: HistoryQuery) => History {
  const readStarts = database.prepare<Record<string, number>, { step: number; service: string; count: number }>(
    `SELECT ${STEP} AS step, service, sum(count) AS count FROM starts WHERE ${IS_ASKED} GROUP BY 1, 2 ORDER BY 1, 2`,
  );
  const readFirst = database.prepare<[], number | null>("SELECT min(minute) FROM history").pluck();
  const read = database.transaction((query: HistoryQuery): History => {
    const { stepMinutes } = query;
    const asked = { ...minutesOf(query), stepMinutes };
    const { text, parameters } = movements(query);
    const sums = database
      .prepare<[Record<string, unknown>], StepSums>(
        `SELECT ${STEP} AS step, sum(stored) AS stored, sum(duplicates) AS duplicates, sum(conflicts) AS conflicts,
           sum(dead_lettered) AS "deadLettered", sum(unlisted) AS unlisted
         FROM (${text}) GROUP BY 1`,
      )
      .all({ ...asked, ...parameters });
    const first = readFirst.get();
    return {
      steps: everyStep(query, sums),
      starts: readStarts.all(asked).map(({ step, ...start }) => ({ ...start, startMs: startOfStep(query, step) })),
      ...(typeof first === "number" && { beganAtMs: first * MINUTE_MS }),
    };
  });
  return read.deferred;
}

/** Selects the movements that a query is about. Those of topics come with the events that may be theirs. */
function movements({ topic, topicPrefixes }: HistoryQuery): { text: string; parameters: Record<string, string> } {
  if (topic === undefined && topicPrefixes === undefined) {
    return { text: `SELECT * FROM history WHERE ${IS_ASKED}`, parameters: {} };
  }
  const reach = topicReach(topicPrefixes);
  const conditions = [IS_ASKED, ...(topic === undefined ? [] : ["topic = @topic"]), ...reach.conditions];
  const text = `
    SELECT minute, stored, duplicates, conflicts, dead_lettered, 0 AS unlisted FROM topic_history
    WHERE ${conditions.join(" AND ")}
    UNION ALL
    SELECT minute, 0, 0, 0, 0, unlisted FROM history WHERE ${IS_ASKED} AND unlisted > 0`;
  return { text, parameters: { ...reach.parameters, ...(topic !== undefined && { topic }) } };
}
