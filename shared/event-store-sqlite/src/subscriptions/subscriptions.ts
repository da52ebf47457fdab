import {
  type Acknowledged,
  type Acknowledgement,
  MAX_SUBSCRIPTIONS,
  type NewSubscription,
  type Subscription,
  type SubscriptionStart,
} from "@tidemark/event-store/subscriptions";
import type { Database } from "better-sqlite3";
import { type Positions, preparePositions } from "../read/positions.ts";
import { utcText } from "../schema/columns.ts";

interface Row {
  name: string;
  topic: string | null;
  topic_prefix: string | null;
  position: number;
  acknowledged: number;
  last_page: string | null;
  created_at: string;
  updated_at: string;
}

type CreatedSubscription = { subscription: Subscription; isNew: boolean } | undefined;

/** Prepares `SubscriptionStore.findSubscription`. */
export function prepareFindSubscription(database: Database): (name: string) => Subscription | undefined {
  const positions = preparePositions(database);
  const find = prepareFindRow(database);
  return (name) => {
    const row = find(name);
    return row && toSubscription(row, positions);
  };
}

function prepareFindRow(database: Database): (name: string) => Row | undefined {
  const find = database.prepare<[string], Row>("SELECT * FROM subscriptions WHERE name = ?");
  return (name) => find.get(name);
}

/** Prepares `SubscriptionStore.listSubscriptions`. */
export function prepareListSubscriptions(database: Database): () => Subscription[] {
  const positions = preparePositions(database);
  const list = database.prepare<[], Row>("SELECT * FROM subscriptions ORDER BY name");
  return () => list.all().map((row) => toSubscription(row, positions));
}

/** Prepares `SubscriptionStore.createSubscription`. */
export function prepareCreateSubscription(database: Database): (given: NewSubscription) => CreatedSubscription {
  const find = prepareFindSubscription(database);
  const readStart = prepareStart(database);
  const insert = database.prepare<Pick<Row, "name" | "topic" | "topic_prefix" | "position"> & { now: string }>(
    `INSERT INTO subscriptions (name, topic, topic_prefix, position, created_at, updated_at)
     SELECT @name, @topic, @topic_prefix, @position, @now, @now
     WHERE (SELECT count(*) FROM subscriptions) < ${MAX_SUBSCRIPTIONS}`,
  );
  return ({ name, topic = null, topicPrefix = null, from }) => {
    const known = find(name);
    if (known !== undefined) return { subscription: known, isNew: false };
    insert.run({ name, topic, topic_prefix: topicPrefix, position: readStart(from), now: utcText(Date.now()) });
    const created = find(name);
    return created && { subscription: created, isNew: true };
  };
}

/** How far times may be out of the order of ids, after an import from PostgreSQL or a step of the clock. */
const DISORDER_MS = 60_000;

/** Prepares the look-up of the id behind which a subscription begins. */
function prepareStart(database: Database): (from: SubscriptionStart) => number {
  const findLast = database.prepare<[], { id: number | null }>("SELECT max(id) AS id FROM events");
  const isBefore = database.prepare<[string, number], { is_before: number }>(
    "SELECT processed_at < ? AS is_before FROM events WHERE id = ?",
  );
  return (from) => {
    if (from === "beginning") return 0;
    let high = findLast.get()?.id ?? 0;
    if (from === "now") return high;
    const storedSince = utcText(Date.parse(from.storedSince) - DISORDER_MS);
    let low = 0;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (isBefore.get(storedSince, middle)?.is_before === 1) low = middle;
      else high = middle - 1;
    }
    return low;
  };
}

/**
 * Prepares `SubscriptionStore.acknowledge`. The number of events acknowledged says whether a page with events was acknowledged
 * since. A page without events leaves `last_page`, which a worker may have kept with its own work.
 */
export function prepareAcknowledge(database: Database): (page: Acknowledgement) => Acknowledged | undefined {
  const positions = preparePositions(database);
  const find = prepareFindRow(database);
  const move = database.prepare<Record<string, string | number>>(
    `UPDATE subscriptions SET position = @to, acknowledged = acknowledged + @events, updated_at = @now,
       last_page = CASE WHEN @events > 0 THEN @pageId ELSE last_page END
     WHERE name = @name AND created_at = @createdAt AND acknowledged = @acknowledged AND position BETWEEN @from AND @to`,
  );
  return (page) => {
    const [from, to] = [positions.idUpTo(page.from), positions.idUpTo(page.to)];
    const { changes } = move.run({ ...page, from, to, now: utcText(Date.now()) });
    const row = find(page.name);
    const isAccepted = changes > 0 || row?.last_page === page.pageId;
    return row && { subscription: toSubscription(row, positions), isAccepted };
  };
}

/** Prepares `SubscriptionStore.deleteSubscription`. */
export function prepareDeleteSubscription(database: Database): (name: string) => boolean {
  const remove = database.prepare<[string]>("DELETE FROM subscriptions WHERE name = ?");
  return (name) => remove.run(name).changes > 0;
}

function toSubscription(row: Row, { positionOf }: Positions): Subscription {
  return {
    name: row.name,
    ...(row.topic !== null && { topic: row.topic }),
    ...(row.topic_prefix !== null && { topicPrefix: row.topic_prefix }),
    position: positionOf(row.position),
    acknowledged: row.acknowledged,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
