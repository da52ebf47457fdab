import type { Audit } from "@tidemark/event-store/audit";
import { AGE_BOUNDS_SECONDS, type SourceBooks } from "@tidemark/event-store/duplicates";
import type { Books, BooksQuery, TopicBooks } from "@tidemark/event-store/event-store";
import { type Kysely, sql } from "kysely";
import { translatingErrors } from "../connection/errors.ts";
import type { Tables } from "./queries.ts";

interface BooksRow {
  unique_events: string;
  duplicates: string;
  conflicts: string;
  dead: string;
  topics_total: string;
  by_topic: TopicBooks[];
  sources_total: string;
  by_source: SourceBooks[];
  applied_held_events: string;
  applied_gone_frames: string;
  last_audit: Audit | null;
}

const NOTHING_HELD = { generation: "", held: [], lastSequence: 0 };
const LAST_POSSIBLE = (2n ** 63n - 1n).toString();

/**
 * `EventReader.readBooks`: one statement, so one snapshot. It reads the counters (slots x topics, slots x sources) and the
 * ledger rows of what the log holds, and nothing that grows with the events stored.
 */
export async function readBooks(db: Kysely<Tables>, query: BooksQuery): Promise<Books> {
  const { rows } = await translatingErrors(() => selectBooks(query).execute(db));
  const [row] = rows;
  if (row === undefined) throw new Error("the books came without a row");
  return {
    stored: Number(row.unique_events),
    duplicates: Number(row.duplicates),
    conflicts: Number(row.conflicts),
    deadLettered: Number(row.dead),
    topicsTotal: Number(row.topics_total),
    byTopic: row.by_topic,
    sourcesTotal: Number(row.sources_total),
    bySource: row.by_source,
    appliedHeldEvents: Number(row.applied_held_events),
    appliedGoneFrames: Number(row.applied_gone_frames),
    tableDrift: 0,
    ...(row.last_audit && { lastAudit: row.last_audit }),
  };
}

function selectBooks({ log, topic, maxTopics, maxSources = 0 }: BooksQuery) {
  const { generation, held, lastSequence } = log ?? NOTHING_HELD;
  // All that is not gone: what was held, and what came after the look.
  const firsts = [...held.map(({ first }) => first), lastSequence + 1];
  const lasts = [...held.map(({ last }) => last), LAST_POSSIBLE];
  // Copies count like frames: their events are held, and will not come into the books any more.
  const appliedIn = (table: string) => sql`
    SELECT sequence, events FROM ${sql.table(table)}
    WHERE incarnation = ${generation} AND sequence BETWEEN run.first AND run.last`;
  return sql<BooksRow>`
    WITH topics AS MATERIALIZED (
      SELECT topic, sum(unique_events) AS unique_events, sum(duplicates) AS duplicates, sum(conflicts) AS conflicts,
        sum(dead) AS dead, max(last_processed_at) AS last_processed_at
      FROM counters GROUP BY topic
    ), shown AS (
      SELECT * FROM topics WHERE ${topic ?? null}::text IS NULL OR topic = ${topic ?? null}::text
      ORDER BY unique_events + duplicates + dead DESC, topic LIMIT ${maxTopics}
    ), sources AS MATERIALIZED (
      SELECT source, sum(duplicates) AS duplicates, sum(conflicts) AS conflicts, ${COPIES_BY_AGE} AS ages
      FROM source_counters GROUP BY source
    ), shown_sources AS (
      SELECT * FROM sources ORDER BY duplicates DESC, source LIMIT ${maxSources}
    ), present AS MATERIALIZED (
      SELECT coalesce(sum(found.events), 0) AS held_events, coalesce(sum(found.frames), 0) AS frames
      FROM unnest(${firsts}::bigint[], ${lasts}::bigint[]) AS run (first, last),
        LATERAL (SELECT sum(events) FILTER (WHERE sequence <= ${lastSequence}) AS events, count(*) AS frames
                 FROM (${appliedIn("frames")} UNION ALL ${appliedIn("frame_copies")}) AS applied) AS found
    )
    SELECT coalesce(sum(unique_events), 0) AS unique_events, coalesce(sum(duplicates), 0) AS duplicates,
      coalesce(sum(conflicts), 0) AS conflicts, coalesce(sum(dead), 0) AS dead, count(*) AS topics_total,
      (SELECT coalesce(json_agg(json_build_object(
          'topic', topic, 'stored', unique_events, 'duplicates', duplicates, 'conflicts', conflicts,
          'deadLettered', dead,
          'lastProcessedAt', to_char(last_processed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        ) ORDER BY unique_events + duplicates + dead DESC, topic), '[]') FROM shown) AS by_topic,
      (SELECT count(*) FROM sources) AS sources_total,
      (SELECT coalesce(json_agg(json_build_object(
          'source', source, 'duplicates', duplicates, 'conflicts', conflicts, 'ages', ages
        ) ORDER BY duplicates DESC, source), '[]') FROM shown_sources) AS by_source,
      (SELECT held_events FROM present) AS applied_held_events,
      (SELECT coalesce(sum(frames), 0) FROM frame_counters WHERE incarnation = ${generation})
        - (SELECT frames FROM present) AS applied_gone_frames,
      (SELECT report FROM last_audit) AS last_audit
    FROM topics
  `;
}

const COPIES_BY_AGE = sql`ARRAY[${sql.join(
  Array.from(
    { length: AGE_BOUNDS_SECONDS.length + 1 },
    (_, age) => sql`coalesce(sum(duplicates) FILTER (WHERE age = ${sql.lit(age)}), 0)`,
  ),
)}]`;
