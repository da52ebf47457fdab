import { type Kysely, sql } from "kysely";
import type { Books, BooksQuery, TopicBooks } from "./event-store.ts";
import { translatingErrors } from "./postgres-errors.ts";
import type { Tables } from "./postgres-queries.ts";

interface BooksRow {
  unique_events: string;
  duplicates: string;
  conflicts: string;
  dead: string;
  topics_total: string;
  by_topic: TopicBooks[];
  applied_held_events: string;
}

const NOTHING_HELD = { incarnation: "", held: [] };

/**
 * `EventReader.readBooks`: one statement, so one snapshot. It reads the counters (slots x topics) and the ledger rows of
 * what the log holds, and nothing that grows with the events stored.
 */
export async function readBooks(db: Kysely<Tables>, { log, topic, maxTopics }: BooksQuery): Promise<Books> {
  const { incarnation, held } = log ?? NOTHING_HELD;
  // Copies count like frames: their events are held, and will not come into the books any more.
  const appliedIn = (table: string) => sql`
    SELECT events FROM ${sql.table(table)} WHERE incarnation = ${incarnation} AND sequence BETWEEN run.first AND run.last`;
  const select = sql<BooksRow>`
    WITH topics AS MATERIALIZED (
      SELECT topic, sum(unique_events) AS unique_events, sum(duplicates) AS duplicates, sum(conflicts) AS conflicts,
        sum(dead) AS dead, max(last_processed_at) AS last_processed_at
      FROM counters GROUP BY topic
    ), shown AS (
      SELECT * FROM topics WHERE ${topic ?? null}::text IS NULL OR topic = ${topic ?? null}::text
      ORDER BY unique_events + duplicates + dead DESC, topic LIMIT ${maxTopics}
    )
    SELECT coalesce(sum(unique_events), 0) AS unique_events, coalesce(sum(duplicates), 0) AS duplicates,
      coalesce(sum(conflicts), 0) AS conflicts, coalesce(sum(dead), 0) AS dead, count(*) AS topics_total,
      (SELECT coalesce(json_agg(json_build_object(
          'topic', topic, 'unique', unique_events, 'duplicates', duplicates, 'conflicts', conflicts,
          'deadLettered', dead,
          'lastProcessedAt', to_char(last_processed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        ) ORDER BY unique_events + duplicates + dead DESC, topic), '[]') FROM shown) AS by_topic,
      (SELECT coalesce(sum(in_run.events), 0)
       FROM unnest(${held.map(({ first }) => first)}::bigint[], ${held.map(({ last }) => last)}::bigint[]) AS run (first, last),
         LATERAL (SELECT sum(events) AS events
                  FROM (${appliedIn("frames")} UNION ALL ${appliedIn("frame_copies")}) AS applied) AS in_run
      ) AS applied_held_events
    FROM topics
  `;
  const { rows } = await translatingErrors(() => select.execute(db));
  const [row] = rows;
  if (row === undefined) throw new Error("the books came without a row");
  return {
    unique: Number(row.unique_events),
    duplicates: Number(row.duplicates),
    conflicts: Number(row.conflicts),
    deadLettered: Number(row.dead),
    topicsTotal: Number(row.topics_total),
    byTopic: row.by_topic,
    appliedHeldEvents: Number(row.applied_held_events),
  };
}
