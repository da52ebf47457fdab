import { type EventRow, readEvent } from "@tidemark/event-store/event-row";
import {
  type EventPage,
  type EventQuery,
  isScan,
  MAX_SCANNED_EVENTS,
  type StoredEvent,
} from "@tidemark/event-store/event-store";
import type { Database, Statement } from "better-sqlite3";
import { EVENT_COLUMNS, namesOf } from "../schema/columns.ts";
import { takePage } from "./pages.ts";
import { type Positions, preparePositions } from "./positions.ts";
import { topicReach } from "./topic-reach.ts";

const COLUMNS = `id, ${namesOf(EVENT_COLUMNS)}, processed_at, payload_expired_at, erased_at`;

interface EventIdRow extends EventRow {
  id: number;
}

/** The range of ids that a page reads, both ends included. */
interface Range {
  low: number;
  high: number;
}

const CONDITIONS = {
  topic: "topic = @topic",
  eventId: "event_id = @eventId",
  source: "source = @source",
  since: "timestamp >= @since",
  until: "timestamp < @until",
};

const FILTERS = Object.keys(CONDITIONS) as (keyof typeof CONDITIONS)[];

/** Prepares `EventReader.findEvent`. */
export function prepareFindEvent(database: Database): (topic: string, eventId: string) => StoredEvent | undefined {
  const find = database.prepare<[string, string], EventIdRow>(
    `SELECT ${COLUMNS} FROM events WHERE topic = ? AND event_id = ?`,
  );
  const positions = preparePositions(database);
  return (topic, eventId) => {
    const row = find.get(topic, eventId);
    return row && toEvent(row, positions);
  };
}

/** Prepares `EventReader.readTip`. */
export function prepareTip(database: Database): () => string {
  const findLast = prepareLast(database);
  const { positionOf } = preparePositions(database);
  return () => positionOf(findLast());
}

function prepareLast(database: Database): () => number {
  const last = database.prepare<[], { id: number | null }>("SELECT max(id) AS id FROM events");
  return () => last.get()?.id ?? 0;
}

/**
 * Prepares `EventReader.listEvents`. Ids are in the order of commits, so that no event appears below a position later.
 * Filters without an index read the next 10,000 events, because an index by source or time would be written with every
 * event, and few requests would use it.
 */
export function prepareListing(database: Database): (query: EventQuery) => EventPage {
  const findLast = prepareLast(database);
  const select = prepareSelect(database);
  const findFloor = prepareFloor(database);
  const positions = preparePositions(database);

  const listOldest = (query: EventQuery): EventPage => {
    const after = query.after === undefined ? 0 : positions.idUpTo(query.after);
    // The tip is read first, so that events that are committed meanwhile are beyond it.
    const end = Math.min(findLast(), query.upTo === undefined ? Number.MAX_SAFE_INTEGER : positions.idUpTo(query.upTo));
    const range = { low: after + 1, high: end };
    const high = findFloor(query, range) ?? end;
    const { page, isLast } = takePage(
      select(query, { ...range, high }, query.limit + 1),
      query.limit,
      jsonOf,
      query.maxBytes,
    );
    const next = isLast ? Math.max(after, high) : (page.at(-1)?.id ?? after);
    return { events: page.map((row) => toEvent(row, positions)), next: positions.positionOf(next) };
  };

  const listNewest = (query: EventQuery): EventPage => {
    const range = { low: 1, high: query.after === undefined ? findLast() : positions.idFrom(query.after) - 1 };
    const low = findFloor(query, range);
    // One more row than requested shows whether there is a next page.
    const rows = select(query, { ...range, low: low ?? range.low }, query.limit + 1);
    const { page, isLast } = takePage(rows, query.limit, jsonOf, query.maxBytes);
    const next = isLast ? low : page.at(-1)?.id;
    return {
      events: page.map((row) => toEvent(row, positions)),
      next: next === undefined ? undefined : positions.positionOf(next),
    };
  };

  return (query) => (query.order === "asc" ? listOldest(query) : listNewest(query));
}

/** Prepares a statement for each set of filters when it is first used, so that each set has a plan that suits it. */
function prepareSelect(database: Database) {
  const prepared = new Map<string, Statement<[Record<string, unknown>], EventIdRow>>();
  return (query: EventQuery, range: Range, limit: number): Iterable<EventIdRow> => {
    const filters = FILTERS.filter((name) => query[name] !== undefined);
    const reach = topicReach(query.topicPrefixes);
    const conditions = ["id BETWEEN @low AND @high", ...filters.map((name) => CONDITIONS[name]), ...reach.conditions];
    const text = `SELECT ${COLUMNS} FROM events WHERE ${conditions.join(" AND ")}
      ORDER BY id ${query.order} LIMIT @limit`;
    const statement = prepared.get(text) ?? database.prepare<[Record<string, unknown>], EventIdRow>(text);
    prepared.set(text, statement);
    const values = filters.map((name) => [name, query[name]]);
    return statement.iterate({ ...Object.fromEntries(values), ...reach.parameters, ...range, limit });
  };
}

/** Finds the last id that a page may read; undefined if it may read the whole range. */
function prepareFloor(database: Database) {
  type Parameters = { topic: string; low: number; high: number; offset: number };
  const inTopic = (order: "asc" | "desc") =>
    database.prepare<[Parameters], { id: number }>(
      `SELECT id FROM events WHERE topic = @topic AND id BETWEEN @low AND @high ORDER BY id ${order} LIMIT 1 OFFSET @offset`,
    );
  const statements = { asc: inTopic("asc"), desc: inTopic("desc") };
  return (query: EventQuery, { low, high }: Range): number | undefined => {
    const { topic, order } = query;
    const offset = MAX_SCANNED_EVENTS - 1;
    if (!isScan(query)) return undefined;
    if (topic !== undefined) return statements[order].get({ topic, low, high, offset })?.id;
    if (high - low < offset) return undefined;
    return order === "asc" ? low + offset : high - offset; // ids have no gaps
  };
}

function toEvent(row: EventIdRow, { positionOf }: Positions) {
  return readEvent(row, positionOf(row.id));
}

function jsonOf({ payload, attributes }: EventIdRow) {
  return [payload, attributes];
}
