import type { Audit } from "@tidemark/event-store/audit";
import type { Books, BooksQuery, TopicBooks } from "@tidemark/event-store/books";
import type { SourceBooks } from "@tidemark/event-store/duplicates";
import type { Database } from "better-sqlite3";
import { AGE_COLUMNS } from "../schema/columns.ts";

/**
 * Prepares `EventReader.readBooks`. In one snapshot, it reads the totals, the requested topics and sources, and the
 * ledger rows of the frames that the log holds. Its cost therefore does not grow with the number of events, topics or
 * sources.
 */
export function prepareBooks(database: Database): (query: BooksQuery) => Books {
  const readTotals = prepareTotals(database);
  const readTopics = prepareTopics(database);
  const readSources = prepareSources(database);
  const readLedger = prepareLedgerBooks(database);
  const readTableDrift = prepareTableDrift(database);
  const audit = database.prepare<[], { report: string }>("SELECT report FROM last_audit");
  const readRestores = prepareRestores(database);
  const read = database.transaction((query: BooksQuery): Books => {
    const totals = readTotals();
    const lastAudit = audit.get();
    return {
      ...totals,
      tableDrift: readTableDrift(totals),
      byTopic: readTopics(query),
      bySource: readSources(query),
      ...readLedger(query.log),
      ...readRestores(query.log?.generation),
      lastAudit: lastAudit && (JSON.parse(lastAudit.report) as Audit),
    };
  });
  return read.deferred;
}

type Totals = Pick<Books, "stored" | "duplicates" | "conflicts" | "deadLettered" | "topicsTotal" | "sourcesTotal">;

function prepareTotals(database: Database): () => Totals {
  const totals = database.prepare<[], Totals>(
    `SELECT stored, duplicates, conflicts, dead_lettered AS "deadLettered", topics AS "topicsTotal",
       sources AS "sourcesTotal"
     FROM book_totals`,
  );
  return () => only(totals.get());
}

function prepareRestores(database: Database): (generation: string | undefined) => Pick<Books, "lost" | "lastRestore"> {
  const lost = database.prepare<[string], { frames: number; events: number }>(
    `SELECT coalesce(sum(lost_frames), 0) AS frames, coalesce(sum(lost_events), 0) AS events FROM restores
     WHERE generation = ?`,
  );
  const last = database.prepare<[], NonNullable<Books["lastRestore"]>>(
    `SELECT restored_at AS "restoredAt", backed_up_at AS "backedUpAt", lost_frames AS "lostFrames",
       lost_events AS "lostEvents"
     FROM restores WHERE restored_at IS NOT NULL ORDER BY restored_at DESC LIMIT 1`,
  );
  return (generation = "") => ({ lost: only(lost.get(generation)), lastRestore: last.get() });
}

/**
 * SQLite assigns ids without gaps, and the newest row is never deleted. The last id is therefore the number of rows so
 * far.
 */
function prepareTableDrift(database: Database): (totals: Totals) => number {
  const lastIds = database.prepare<[], { events: number; duplicates: number }>(
    `SELECT coalesce((SELECT max(id) FROM events), 0) AS events,
       coalesce((SELECT max(id) FROM duplicates), 0) + (SELECT before_first FROM duplicate_ids) AS duplicates`,
  );
  return ({ stored, duplicates }) => {
    const last = only(lastIds.get());
    return Math.abs(stored - last.events) + Math.abs(duplicates - last.duplicates);
  };
}

const TOPIC_COLUMNS = `topic, stored, duplicates, conflicts, dead_lettered AS "deadLettered",
  last_processed_at AS "lastProcessedAt"`;

function prepareTopics(database: Database): (query: BooksQuery) => TopicBooks[] {
  const oneTopic = database.prepare<[string], TopicBooks>(
    `SELECT ${TOPIC_COLUMNS} FROM topic_counters WHERE topic = ?`,
  );
  const busiestTopics = database.prepare<[number], TopicBooks>(
    `SELECT ${TOPIC_COLUMNS} FROM topic_counters ORDER BY stored + duplicates + dead_lettered DESC, topic LIMIT ?`,
  );
  return ({ topic, maxTopics }) => (topic === undefined ? busiestTopics.all(maxTopics) : oneTopic.all(topic));
}

function prepareSources(database: Database): (query: BooksQuery) => SourceBooks[] {
  const mostDuplicates = database
    .prepare<[number], [string, number, number, ...number[]]>(
      `SELECT source, duplicates, conflicts, ${AGE_COLUMNS.join(", ")} FROM source_counters
       ORDER BY duplicates DESC, source LIMIT ?`,
    )
    .raw();
  return ({ maxSources = 0 }) =>
    mostDuplicates
      .all(maxSources)
      .map(([source, duplicates, conflicts, ...ages]) => ({ source, duplicates, conflicts, ages }));
}

/** Prepares the comparison of the ledger with the frames that the log holds. */
function prepareLedgerBooks(
  database: Database,
): (log: BooksQuery["log"]) => Pick<Books, "appliedHeldEvents" | "appliedGoneFrames" | "appliedEvents"> {
  const findApplied = database.prepare<[string], { frames: number; events: number }>(
    "SELECT frames, events FROM frame_counters WHERE generation = ?",
  );
  // CROSS makes the planner look up one run after another by the index.
  const finds = ["frames", "repeated_frames"].map((table) =>
    database.prepare<{ runs: string; generation: string; lastSequence: number }, { events: number; frames: number }>(
      `SELECT coalesce(sum(events) FILTER (WHERE sequence <= @lastSequence), 0) AS events, count(*) AS frames
       FROM json_each(@runs) AS run CROSS JOIN ${table}
       ON generation = @generation AND sequence BETWEEN run.value ->> 'first' AND run.value ->> 'last'`,
    ),
  );
  return (log) => {
    if (log === undefined) return { appliedHeldEvents: 0, appliedGoneFrames: 0, appliedEvents: 0 };
    const { generation, held, lastSequence } = log;
    // The ranges of positions that have not left the log: those that it held, and those after its snapshot.
    const runs = JSON.stringify([...held, { first: lastSequence + 1, last: Number.MAX_SAFE_INTEGER }]);
    let appliedHeldEvents = 0;
    const applied = findApplied.get(generation) ?? { frames: 0, events: 0 };
    let appliedGoneFrames = applied.frames;
    for (const find of finds) {
      const { events, frames } = only(find.get({ runs, generation, lastSequence }));
      appliedHeldEvents += events;
      appliedGoneFrames -= frames;
    }
    return { appliedHeldEvents, appliedGoneFrames, appliedEvents: applied.events };
  };
}

function only<Row>(row: Row | undefined): Row {
  if (row === undefined) throw new Error("an aggregate without a row");
  return row;
}
