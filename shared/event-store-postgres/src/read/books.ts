import type { Audit } from "@tidemark/event-store/audit";
import type { Books, BooksQuery, LastRestore, TopicBooks } from "@tidemark/event-store/books";
import type { SourceBooks } from "@tidemark/event-store/duplicates";
import type { Kysely } from "kysely";
import { queryRow } from "../connection/reader.ts";
import { statementFile } from "../connection/statement-file.ts";
import type { Tables } from "../schema/tables.ts";

const BOOKS = statementFile(new URL("books.sql", import.meta.url));

interface BooksRow {
  stored: string;
  duplicates: string;
  conflicts: string;
  dead_lettered: string;
  topics_total: string;
  by_topic: TopicBooks[];
  sources_total: string;
  by_source: SourceBooks[];
  applied_held_events: string;
  applied_gone_frames: string;
  applied_events: string;
  lost: Books["lost"];
  last_restore: LastRestore | null;
  last_audit: Audit | null;
}

const NOTHING_HELD = { generation: "", held: [], lastSequence: 0 };
const LAST_POSSIBLE = (2n ** 63n - 1n).toString();

/** `EventReader.readBooks`. */
export async function readBooks(db: Kysely<Tables>, query: BooksQuery): Promise<Books> {
  const row = await queryRow<BooksRow>(db, await BOOKS(), parametersOf(query));
  return {
    stored: Number(row.stored),
    duplicates: Number(row.duplicates),
    conflicts: Number(row.conflicts),
    deadLettered: Number(row.dead_lettered),
    topicsTotal: Number(row.topics_total),
    byTopic: row.by_topic,
    sourcesTotal: Number(row.sources_total),
    bySource: row.by_source,
    appliedHeldEvents: Number(row.applied_held_events),
    appliedGoneFrames: Number(row.applied_gone_frames),
    appliedEvents: Number(row.applied_events),
    tableDrift: 0,
    lost: row.lost,
    lastRestore: row.last_restore ?? undefined,
    lastAudit: row.last_audit ?? undefined,
  };
}

function parametersOf({ log = NOTHING_HELD, topic, maxTopics, maxSources = 0 }: BooksQuery): unknown[] {
  const { generation, held, lastSequence } = log;
  // The ranges of frames that have not left the log: those that it held, and those after its snapshot.
  const firsts = [...held.map(({ first }) => first), lastSequence + 1];
  const lasts = [...held.map(({ last }) => last), LAST_POSSIBLE];
  return [topic ?? null, maxTopics, maxSources, firsts, lasts, generation, lastSequence];
}
