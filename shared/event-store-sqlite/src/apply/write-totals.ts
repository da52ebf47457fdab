import type { Database } from "better-sqlite3";
import { AGE_COLUMNS } from "../schema/columns.ts";
import type { BatchTotals, SourceCounts, TopicCounts } from "./batch-totals.ts";
import { prepareWriteHistory } from "./write-history.ts";

const KINDS = ["stored", "duplicates", "conflicts", "deadLettered"] as const;

/** Prepares the last step of a transaction: adds the counts to the books and to their history. */
export function prepareWriteTotals(database: Database): (totals: BatchTotals) => void {
  const addToTopic = prepareAddToTopic(database);
  const addToSource = prepareAddToSource(database);
  const addToLog = database.prepare<[string, number, number]>(
    `INSERT INTO frame_counters (generation, frames, events) VALUES (?, ?, ?)
     ON CONFLICT (generation) DO UPDATE SET frames = frames + excluded.frames, events = events + excluded.events`,
  );
  const addToTotals = database.prepare<TopicCounts & { newTopics: number; newSources: number }>(
    `UPDATE book_totals SET stored = stored + @stored, duplicates = duplicates + @duplicates,
       conflicts = conflicts + @conflicts, dead_lettered = dead_lettered + @deadLettered,
       topics = topics + @newTopics, sources = sources + @newSources`,
  );
  const writeHistory = prepareWriteHistory(database);
  return ({ topics, sources, generations, processedAt }) => {
    const sums = { stored: 0, duplicates: 0, conflicts: 0, deadLettered: 0, newTopics: 0, newSources: 0 };
    for (const [topic, counts] of topics) {
      if (addToTopic({ topic, processedAt, ...counts })) sums.newTopics++;
      for (const kind of KINDS) sums[kind] += counts[kind];
    }
    for (const [source, counts] of sources) if (addToSource(source, counts)) sums.newSources++;
    for (const [generation, { frames, events }] of generations) addToLog.run(generation, frames, events);
    addToTotals.run(sums);
    writeHistory({ topics, processedAt }, sums);
  };
}

/** Prepares the addition to a topic's counters. It returns whether the topic is new. */
function prepareAddToTopic(database: Database) {
  type Addition = TopicCounts & { topic: string; processedAt: string };
  const add = database.prepare<Addition>(
    `UPDATE topic_counters SET stored = stored + @stored, duplicates = duplicates + @duplicates,
       conflicts = conflicts + @conflicts, dead_lettered = dead_lettered + @deadLettered,
       last_processed_at = max(last_processed_at, @processedAt)
     WHERE topic = @topic`,
  );
  const insert = database.prepare<Addition>(
    `INSERT INTO topic_counters (topic, stored, duplicates, conflicts, dead_lettered, last_processed_at)
     VALUES (@topic, @stored, @duplicates, @conflicts, @deadLettered, @processedAt)`,
  );
  return (addition: Addition): boolean => add.run(addition).changes === 0 && insert.run(addition).changes === 1;
}

/** Prepares the addition to a source's counters. It returns whether the source is new. */
function prepareAddToSource(database: Database) {
  const columns = ["duplicates", "conflicts", ...AGE_COLUMNS];
  const add = database.prepare<(number | string)[]>(
    `UPDATE source_counters SET ${columns.map((name) => `${name} = ${name} + ?`).join(", ")} WHERE source = ?`,
  );
  const insert = database.prepare<(number | string)[]>(
    `INSERT INTO source_counters (${columns.join(", ")}, source) VALUES (${columns.map(() => "?").join(", ")}, ?)`,
  );
  return (source: string, { duplicates, conflicts, ages }: SourceCounts): boolean => {
    const values = [duplicates, conflicts, ...ages, source];
    return add.run(...values).changes === 0 && insert.run(...values).changes === 1;
  };
}
