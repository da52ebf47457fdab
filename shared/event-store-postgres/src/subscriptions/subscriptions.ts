import {
  type Acknowledged,
  type Acknowledgement,
  MAX_SUBSCRIPTIONS,
  type NewSubscription,
  type Subscription,
} from "@tidemark/event-store/subscriptions";
import { type Kysely, type Selectable, sql } from "kysely";
import { positionParameters, writePosition } from "../read/positions.ts";
import { utcText } from "../schema/columns.ts";
import type { Tables } from "../schema/tables.ts";
import { readStart } from "./start.ts";

/** `SubscriptionStore`, on the connections that read: the role of the query service may write this one table. */

type Row = Selectable<Tables["subscriptions"]>;

const COLUMNS = ["name", "topic", "topic_prefix", "tx", "ord", "acknowledged", "last_page"] as const;
const TIMES = [utcText("created_at").as("created_at"), utcText("updated_at").as("updated_at")];

export async function createSubscription(db: Kysely<Tables>, { name, topic, topicPrefix, from }: NewSubscription) {
  const known = await findSubscription(db, name);
  if (known !== undefined) return { subscription: known, isNew: false };
  const [tx, ord] = positionParameters(await readStart(db, from));
  const created = await db
    .insertInto("subscriptions")
    .columns(["name", "topic", "topic_prefix", "tx", "ord"])
    .expression(
      sql<Row>`SELECT ${name}, ${topic ?? null}, ${topicPrefix ?? null}, ${tx}::bigint, ${ord}::integer
        WHERE (SELECT count(*) FROM subscriptions) < ${MAX_SUBSCRIPTIONS}`,
    )
    .onConflict((conflict) => conflict.column("name").doNothing())
    .returning(COLUMNS)
    .returning(TIMES)
    .executeTakeFirst();
  if (created !== undefined) return { subscription: toSubscription(created), isNew: true };
  const other = await findSubscription(db, name); // created at the same time, or there are too many
  return other && { subscription: other, isNew: false };
}

export async function findSubscription(db: Kysely<Tables>, name: string): Promise<Subscription | undefined> {
  const row = await findRow(db, name);
  return row && toSubscription(row);
}

function findRow(db: Kysely<Tables>, name: string): Promise<Row | undefined> {
  return selectRows(db).where("name", "=", name).executeTakeFirst();
}

function selectRows(db: Kysely<Tables>) {
  return db.selectFrom("subscriptions").select(COLUMNS).select(TIMES);
}

export async function listSubscriptions(db: Kysely<Tables>): Promise<Subscription[]> {
  return (await selectRows(db).orderBy("name").execute()).map(toSubscription);
}

/**
 * The number of events acknowledged says whether a page with events was acknowledged since. A page without events leaves
 * `last_page`, which a worker may have kept with its own work.
 */
export async function acknowledge(db: Kysely<Tables>, page: Acknowledgement): Promise<Acknowledged | undefined> {
  const [fromTx, fromOrd] = positionParameters(page.from);
  const [tx, ord] = positionParameters(page.to);
  const moved = await db
    .updateTable("subscriptions")
    .set({ tx, ord, ...(page.events > 0 && { last_page: page.pageId }) })
    .set({ acknowledged: sql`acknowledged + ${page.events}`, updated_at: sql`now()` })
    .where("name", "=", page.name)
    .where("created_at", "=", sql<string>`${page.createdAt}::timestamptz`)
    .where("acknowledged", "=", String(page.acknowledged))
    .where(
      sql<boolean>`(tx, ord) BETWEEN (${fromTx}::bigint, ${fromOrd}::integer) AND (${tx}::bigint, ${ord}::integer)`,
    )
    .returning(COLUMNS)
    .returning(TIMES)
    .executeTakeFirst();
  if (moved !== undefined) return { subscription: toSubscription(moved), isAccepted: true };
  // In a statement of its own, which sees what another worker has committed meanwhile.
  const row = await findRow(db, page.name);
  return row && { subscription: toSubscription(row), isAccepted: row.last_page === page.pageId };
}

export async function deleteSubscription(db: Kysely<Tables>, name: string): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom("subscriptions").where("name", "=", name).executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

function toSubscription(row: Row): Subscription {
  return {
    name: row.name,
    ...(row.topic !== null && { topic: row.topic }),
    ...(row.topic_prefix !== null && { topicPrefix: row.topic_prefix }),
    position: writePosition(row),
    acknowledged: Number(row.acknowledged),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
