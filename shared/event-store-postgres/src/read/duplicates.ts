import type { DuplicatePage, DuplicateQuery } from "@tidemark/event-store/duplicates";
import { readDuplicate } from "@tidemark/event-store/event-row";
import { MAX_PAGE_BYTES, MAX_SCANNED_ENTRIES } from "@tidemark/event-store/event-store";
import { type Kysely, sql } from "kysely";
import { DUPLICATE_SELECTION } from "../schema/columns.ts";
import type { Tables } from "../schema/tables.ts";
import { FOUND, fits, mayFit, pageBytes } from "./pages.ts";
import { LAST_POSITION, positionValues, writePosition } from "./positions.ts";
import { topicReach } from "./topic-reach.ts";

/**
 * `DuplicateReader.listDuplicates`: keyset pages over (tx, ord), the primary key. There is no other index, because one
 * by topic or source would be written with every duplicate, and few requests would read it. It is one statement, so
 * that a duplicate that commits late cannot be missed between the page and the end of the scan.
 */
export async function listDuplicates(db: Kysely<Tables>, query: DuplicateQuery): Promise<DuplicatePage> {
  const { topic, topicPrefixes, eventId, source, conflicting, limit, after = LAST_POSITION } = query;
  const bytes = pageBytes(sql`tx DESC, ord DESC`);
  const beyond = db
    .selectFrom("duplicates")
    .where(sql<boolean>`(tx, ord) < (${positionValues(after)})`)
    .orderBy("tx", "desc")
    .orderBy("ord", "desc");
  const rows = await db
    .with("floor", () =>
      beyond
        .select(["tx as floor_tx", "ord as floor_ord"])
        .limit(1)
        .offset(MAX_SCANNED_ENTRIES - 1),
    )
    .with("page", (tables) =>
      tables
        .selectFrom(beyond.selectAll().limit(MAX_SCANNED_ENTRIES).as("scanned"))
        .selectAll()
        .$if(topic !== undefined, (page) => page.where("topic", "=", String(topic)))
        .where(topicReach(topicPrefixes))
        .$if(eventId !== undefined, (page) => page.where("event_id", "=", String(eventId)))
        .$if(source !== undefined, (page) => page.where(sql<boolean>`${sourceOf("scanned")} = ${source}`))
        .$if(conflicting !== undefined, (page) => page.where("is_conflict", "=", conflicting === true))
        .orderBy("tx", "desc")
        .orderBy("ord", "desc")
        .limit(limit + 1),
    )
    .with("stored", (tables) =>
      tables
        .selectFrom("page")
        .selectAll()
        .select([FOUND.as("found"), bytes.storedBefore.as("stored_before")]),
    )
    .with("sized", (tables) =>
      tables.selectFrom("stored").selectAll().select(bytes.text.as("text_bytes")).where(mayFit(MAX_PAGE_BYTES)),
    )
    // A row without a duplicate says that the page is empty, and where the scan ended.
    .with("always", (tables) => tables.selectNoFrom(sql`true`.as("is_there")))
    .selectFrom("always")
    .leftJoin("floor", (join) => join.onTrue())
    .leftJoin("sized", (join) => join.on(fits(MAX_PAGE_BYTES)))
    .select(["floor_tx", "floor_ord", "found", "tx", "ord"])
    .select(DUPLICATE_SELECTION.filter(({ alias }) => alias !== "source"))
    .select(sourceOf("sized").as("source"))
    .orderBy("tx", "desc")
    .orderBy("ord", "desc")
    .execute();
  const page = rows.slice(0, limit).filter(({ tx }) => tx !== null);
  return { duplicates: page.map(readDuplicate), next: nextPosition(rows[0], page) };
}

/** The source of a duplicate. A row with an empty source has the source of its stored event. */
function sourceOf(duplicates: string) {
  const of = (column: string) => sql.ref(`${duplicates}.${column}`);
  return sql<string>`CASE WHEN ${of("source")} <> '' THEN ${of("source")} ELSE (
    SELECT events.source FROM events
    WHERE events.topic = ${of("topic")} AND events.event_id = ${of("event_id")}) END`;
}

interface ScanRow {
  floor_tx: string | null;
  floor_ord: number | null;
  /** The number of duplicates that match, at most one more than requested. */
  found: string | null;
  tx: string | null;
  ord: number | null;
}

/**
 * Returns the last duplicate of the page if more were found. Otherwise returns the end of the scan, if the scan did not
 * reach the oldest duplicate.
 */
function nextPosition(scan: ScanRow | undefined, page: ScanRow[]): string | undefined {
  const { tx = null, ord = null } = page.at(-1) ?? {};
  if (tx !== null && ord !== null && Number(scan?.found) > page.length) return writePosition({ tx, ord });
  const { floor_tx = null, floor_ord = null } = scan ?? {};
  return floor_tx === null || floor_ord === null ? undefined : writePosition({ tx: floor_tx, ord: floor_ord });
}
