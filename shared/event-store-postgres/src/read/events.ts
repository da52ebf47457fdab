import { readEvent } from "@tidemark/event-store/event-row";
import {
  type EventFilters,
  type EventPage,
  type EventQuery,
  isScan,
  MAX_PAGE_BYTES,
  MAX_SCANNED_EVENTS,
  type StoredEvent,
} from "@tidemark/event-store/event-store";
import { type Kysely, type QueryCreator, type SelectQueryBuilder, sql } from "kysely";
import { EVENT_SELECTION } from "../schema/columns.ts";
import type { Tables } from "../schema/tables.ts";
import { FOUND, fits, mayFit, pageBytes } from "./pages.ts";
import {
  earlierPosition,
  FIRST_POSITION,
  LAST_POSITION,
  laterPosition,
  positionBefore,
  positionValues,
  writePosition,
} from "./positions.ts";
import { topicReach } from "./topic-reach.ts";

// Every transaction that is open, or begins later, has an id of at least this (docs/decisions/0002).
const HORIZON = sql<string>`(SELECT base FROM positions) + pg_snapshot_xmin(pg_current_snapshot())::text::bigint`;

type Select<Row> = SelectQueryBuilder<Tables, "events", Row>;

/** The end of the scan for a page, if the scan ended before the end of the table. */
interface Floor {
  floor_tx: string | null;
  floor_ord: number | null;
}

/** The columns that the statement returns beside the events. If the page has no event, they are in a separate row. */
interface ScanRow extends Floor {
  /** The first transaction that has not ended. */
  horizon: string;
  found: string | null;
}

/**
 * `EventReader.listEvents`: keyset pages over (tx, ord). With a topic, the bounds and the order include the topic
 * although it is one value. With a plain equality, the planner may scan all topics when its statistics are out of date.
 * Filters without an index read the next 10,000 events. Only a page that is not full determines where those end. An
 * index by source or time would be written with every event, and few requests would read it.
 */
export async function listEvents(db: Kysely<Tables>, query: EventQuery): Promise<EventPage> {
  const { limit, order, maxBytes = MAX_PAGE_BYTES } = query;
  const bytes = pageBytes(sql.raw(`tx ${order}, ord ${order}`));
  const rows = await db
    .with("page", (tables) => selectPage(tables, query))
    .with("floor", (tables) => selectFloor(tables, query))
    .with("stored", (tables) =>
      tables
        .selectFrom("page")
        .selectAll()
        .select([FOUND.as("found"), bytes.storedBefore.as("stored_before")]),
    )
    .with("sized", (tables) =>
      tables.selectFrom("stored").selectAll().select(bytes.text.as("text_bytes")).where(mayFit(maxBytes)),
    )
    .with("always", (tables) => tables.selectNoFrom(HORIZON.as("horizon")))
    .selectFrom("always")
    .leftJoin("floor", (join) => join.onTrue())
    .leftJoin("sized", (join) => join.on(fits(maxBytes)))
    .select(["horizon", "floor_tx", "floor_ord", "found", "tx", "ord"])
    .select(EVENT_SELECTION)
    .orderBy("tx", order)
    .orderBy("ord", order)
    .execute();
  const events = rows
    .slice(0, limit)
    .flatMap(({ tx, ord, ...row }) => (tx === null || ord === null ? [] : readEvent(row, writePosition({ tx, ord }))));
  const next = nextPosition(query, rows[0] as ScanRow, { shown: events.length, last: events.at(-1)?.position });
  return { events, next };
}

/** Selects the events of a page, and one more. */
function selectPage(db: QueryCreator<Tables>, query: EventQuery): Select<Tables["events"]> {
  const { topic, eventId, limit } = query;
  if (topic !== undefined && eventId !== undefined) {
    const one = db.selectFrom("events").selectAll().where("topic", "=", topic).where("event_id", "=", eventId);
    return one.where(bounds(query)).where(matching(query));
  }
  const beyond = inOrder(db.selectFrom("events").selectAll().where(bounds(query, topic)), query);
  if (!isScan(query)) return beyond.limit(limit + 1);
  const scanned = db.selectFrom(beyond.limit(MAX_SCANNED_EVENTS).as("events")).selectAll().where(matching(query));
  return inOrder(scanned, query).limit(limit + 1);
}

function selectFloor(db: QueryCreator<Tables>, query: EventQuery): Select<Floor> {
  const none = sql<Floor>`(SELECT NULL::bigint AS floor_tx, NULL::integer AS floor_ord)`.as<"events">(
    sql.ref("events"),
  );
  if (!isScan(query)) return db.selectFrom(none).selectAll().$castTo<Floor>() as unknown as Select<Floor>;
  const beyond = db
    .selectFrom("events")
    .select(["tx as floor_tx", "ord as floor_ord"])
    .where(bounds(query, query.topic))
    .where(sql<boolean>`(SELECT count(*) FROM page) <= ${query.limit}`);
  return inOrder(beyond, query)
    .limit(1)
    .offset(MAX_SCANNED_EVENTS - 1);
}

function inOrder<Row>(select: Select<Row>, { topic, order }: EventQuery): Select<Row> {
  const byTopic = topic === undefined ? select : select.orderBy("topic", order);
  return byTopic.orderBy("tx", order).orderBy("ord", order);
}

function bounds({ order, after, upTo }: EventQuery, topic?: string) {
  const keys = sql.raw(topic === undefined ? "tx, ord" : "topic, tx, ord");
  const prefix = topic === undefined ? sql`` : sql`${topic}::text, `;
  const isForward = order === "asc";
  const low = isForward ? (after ?? FIRST_POSITION) : FIRST_POSITION;
  const high = isForward ? sql`${HORIZON}, 0` : positionValues(after ?? LAST_POSITION);
  const between = sql<boolean>`(${keys}) > (${prefix}${positionValues(low)}) AND (${keys}) < (${prefix}${high})`;
  return upTo === undefined ? between : sql<boolean>`${between} AND (${keys}) <= (${prefix}${positionValues(upTo)})`;
}

/** The statement contains only the given filters, so that the plan fits them. */
function matching({ topic, topicPrefixes, eventId, source, since, until }: EventFilters) {
  const conditions = [
    ...(topicPrefixes === undefined ? [] : [topicReach(topicPrefixes)]),
    ...(topic === undefined && eventId !== undefined ? [sql`event_id = ${eventId}`] : []),
    ...(source === undefined ? [] : [sql`source = ${source}`]),
    ...(since === undefined ? [] : [sql`"timestamp" >= ${since}::timestamptz`]),
    ...(until === undefined ? [] : [sql`"timestamp" < ${until}::timestamptz`]),
  ];
  return conditions.length === 0 ? sql<boolean>`true` : sql<boolean>`${sql.join(conditions, sql` AND `)}`;
}

function nextPosition(
  { order, after, upTo }: EventQuery,
  { horizon, floor_tx, floor_ord, found }: ScanRow,
  { shown, last }: { shown: number; last: string | undefined },
): string | undefined {
  if (last !== undefined && Number(found) > shown) return last;
  if (floor_tx !== null && floor_ord !== null) return writePosition({ tx: floor_tx, ord: floor_ord });
  if (order === "desc") return undefined;
  const end = positionBefore(horizon);
  return laterPosition(after ?? FIRST_POSITION, upTo === undefined ? end : earlierPosition(upTo, end));
}

/** `EventReader.readTip`: the position before the first transaction that has not begun. */
export async function readTip(db: Kysely<Tables>): Promise<string> {
  const tip = sql<string>`base + pg_snapshot_xmax(pg_current_snapshot())::text::bigint`;
  const { tx } = await db.selectFrom("positions").select(tip.as("tx")).executeTakeFirstOrThrow();
  return positionBefore(tx);
}

/** Returns the position up to which forward scans read at this moment: before every transaction that is still open. */
export async function readHorizon(db: Kysely<Tables>): Promise<string> {
  const { horizon } = await db.selectNoFrom(HORIZON.as("horizon")).executeTakeFirstOrThrow();
  return positionBefore(horizon);
}

export async function findEvent(db: Kysely<Tables>, topic: string, eventId: string): Promise<StoredEvent | undefined> {
  const row = await db
    .selectFrom("events")
    .select(["tx", "ord"])
    .select(EVENT_SELECTION)
    .where("topic", "=", topic)
    .where("event_id", "=", eventId)
    .executeTakeFirst();
  return row && readEvent(row, writePosition(row));
}
