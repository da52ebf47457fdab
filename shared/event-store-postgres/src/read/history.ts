import {
  everyStep,
  type History,
  type HistoryQuery,
  MINUTE_MS,
  minutesOf,
  type StepSums,
  startOfStep,
} from "@tidemark/event-store/history";
import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Tables } from "../schema/tables.ts";
import { topicReach } from "./topic-reach.ts";

interface Row {
  steps: StepSums[];
  starts: { step: number; service: string; count: number }[];
  first_minute: number | null;
}

/** `HistoryReader.readHistory`, in one statement, so in one snapshot. */
export async function readHistory(db: Kysely<Tables>, query: HistoryQuery): Promise<History> {
  const { since, until } = minutesOf(query);
  const isAsked = sql<boolean>`minute >= ${since}::integer AND minute < ${until}::integer`;
  const step = sql`(minute - ${since}::integer) / ${query.stepMinutes}::integer`;
  const { rows } = await sql<Row>`
    WITH moved AS (
      SELECT ${step} AS step, sum(stored) AS stored, sum(duplicates) AS duplicates, sum(conflicts) AS conflicts,
        sum(dead_lettered) AS "deadLettered", sum(unlisted) AS unlisted
      FROM (${movements(query, isAsked)}) AS movement GROUP BY 1
    ), started AS (
      SELECT ${step} AS step, service, sum(count) AS count FROM starts WHERE ${isAsked} GROUP BY 1, 2
    )
    SELECT (SELECT coalesce(json_agg(moved), '[]') FROM moved) AS steps,
      (SELECT coalesce(json_agg(started ORDER BY step, service), '[]') FROM started) AS starts,
      (SELECT min(minute) FROM whole_history) AS first_minute`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error("a statement that always has a row returned none");
  return {
    steps: everyStep(query, row.steps),
    starts: row.starts.map(({ step, ...start }) => ({ ...start, startMs: startOfStep(query, step) })),
    ...(row.first_minute !== null && { beganAtMs: row.first_minute * MINUTE_MS }),
  };
}

/** Selects the movements that a query is about. Those of topics come with the events that may be theirs. */
function movements({ topic, topicPrefixes }: HistoryQuery, isAsked: RawBuilder<boolean>): RawBuilder<unknown> {
  if (topic === undefined && topicPrefixes === undefined) return sql`SELECT * FROM whole_history WHERE ${isAsked}`;
  const isTopic = topic === undefined ? sql`true` : sql`topic = ${topic}`;
  return sql`
    SELECT minute, stored, duplicates, conflicts, dead_lettered, 0 AS unlisted FROM whole_topic_history
    WHERE ${isAsked} AND ${isTopic} AND ${topicReach(topicPrefixes)}
    UNION ALL
    SELECT minute, 0, 0, 0, 0, unlisted FROM history WHERE ${isAsked} AND unlisted > 0`;
}
