import { Unavailable } from "@tidemark/domain/errors";
import { verdictsOf } from "@tidemark/event-store/contract/applying";
import { urlOfRole } from "@tidemark/programs/postgres-roles";
import { createLogger } from "@tidemark/telemetry/logger";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { eventOf, prepareEmptyDatabase, prepareStores } from "../fixture/postgres-event-stores.ts";
import { openPostgresEventStore } from "../postgres-event-store.ts";
import { migratePostgres } from "./migrate-postgres.ts";

const logger = createLogger({ service: "test", level: "silent" });
const INSUFFICIENT_PRIVILEGE = "42501";

type Role = Parameters<typeof urlOfRole>[1];

async function connectAs(role: Role, databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: urlOfRole(databaseUrl, role) });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

async function openAs(role: Role, databaseUrl: string, options: { migrate: boolean }) {
  const store = await openPostgresEventStore({ url: urlOfRole(databaseUrl, role), logger, ...options });
  onTestFinished(() => store.close());
  return store;
}

/** Opens a database in which the writer has stored an event, a duplicate and a conflict. */
async function openBooks() {
  const { url, beside } = await prepareStores();
  const writer = await openAs("tidemark_writer", url, { migrate: true });
  await verdictsOf(writer, [eventOf("a"), eventOf("a")]);
  const { rows } = await beside.query<{ name: string; column: string }>(
    `SELECT DISTINCT ON (relname) relname AS name, attname AS column
     FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname, attnum DESC`,
  );
  return { url, tables: rows };
}

test("the reader reads every list and keeps an audit", async () => {
  const { url } = await openBooks();
  const reader = await openAs("tidemark_reader", url, { migrate: false });

  expect((await reader.listEvents({ limit: 10, order: "desc" })).events).toHaveLength(1);
  expect((await reader.listDuplicates({ limit: 10 })).duplicates).toHaveLength(1);
  expect((await reader.listDeadLetters({ limit: 10 })).deadLetters).toHaveLength(0);
  expect(await reader.findEvent("t", "a")).toBeDefined();
  expect(await reader.audit()).toMatchObject({ isBalanced: true });
  expect(await reader.readBooks({ maxTopics: 1 })).toMatchObject({ stored: 1, lastAudit: { isBalanced: true } });
});

test("the reader sees the age of transactions of other roles, and the writer, who may not, reports none", async () => {
  const { url, beside } = await prepareStores();
  await beside.query("BEGIN; SELECT 1");
  const reader = await openAs("tidemark_reader", url, { migrate: false });
  const writer = await openAs("tidemark_writer", url, { migrate: false });

  const seen = await reader.readUsage();

  expect(seen.oldestTransactionSeconds).toBeGreaterThan(0);
  expect(seen.connections?.open).toBeGreaterThanOrEqual(2);
  expect(await writer.readUsage()).not.toHaveProperty("oldestTransactionSeconds");
});

test("the reader creates, acknowledges and deletes subscriptions", async () => {
  const { url } = await openBooks();
  const reader = await openAs("tidemark_reader", url, { migrate: false });
  const created = await reader.createSubscription({ name: "billing", from: "beginning" });
  const { createdAt = "", position = "" } = created?.subscription ?? {};
  const read = { name: "billing", createdAt, from: position, acknowledged: 0 };
  const page = { ...read, to: await reader.readTip(), events: 1, pageId: "p" };

  expect(await reader.acknowledge(page)).toMatchObject({ isAccepted: true });
  expect(await reader.listSubscriptions()).toMatchObject([{ name: "billing", acknowledged: 1 }]);
  expect(await reader.deleteSubscription("billing")).toBe(true);
});

test("the reader cannot insert, update or delete in any table but the result of the audit and subscriptions", async () => {
  const { url, tables } = await openBooks();
  const reader = await connectAs("tidemark_reader", url);
  expect(tables.map(({ name }) => name)).toContain("events");
  for (const { name, column } of tables) {
    const statements = [`TRUNCATE ${name}`, `DROP TABLE ${name}`];
    if (name !== "subscriptions") statements.push(`DELETE FROM ${name}`);
    if (name !== "last_audit" && name !== "subscriptions") {
      statements.push(`INSERT INTO ${name} DEFAULT VALUES`, `UPDATE ${name} SET ${column} = ${column}`);
    }
    for (const statement of statements) {
      await expect(reader.query(statement), statement).rejects.toMatchObject({ code: INSUFFICIENT_PRIVILEGE });
    }
  }
});

test("neither the reader nor the writer can create tables or delete events, or is a superuser", async () => {
  const { url } = await openBooks();
  for (const role of ["tidemark_reader", "tidemark_writer"] as const) {
    const client = await connectAs(role, url);
    for (const statement of [
      "CREATE TABLE own (id integer)",
      "DELETE FROM events",
      "DROP TABLE events",
      "ALTER TABLE events ADD COLUMN own integer",
      "INSERT INTO migrations (name, applied_at) VALUES ('9999', now())",
    ]) {
      await expect(client.query(statement), statement).rejects.toMatchObject({ code: INSUFFICIENT_PRIVILEGE });
    }
    const { rows } = await client.query("SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user");
    expect(rows).toEqual([{ rolsuper: false, rolcreaterole: false }]);
  }
});

test("a writer waits for the owner to migrate, and gets its rights with the tables", async () => {
  const { url } = await prepareEmptyDatabase();
  await expect(openAs("tidemark_writer", url, { migrate: true })).rejects.toThrow(Unavailable);
  await expect(openAs("tidemark_writer", url, { migrate: true })).rejects.toThrow(/run `migrate` as the owner/);

  await migratePostgres({ url, logger });

  const writer = await openAs("tidemark_writer", url, { migrate: true });
  expect(await verdictsOf(writer, [eventOf("a")])).toEqual(["s"]);
});

test("roles that were created after the tables get their rights at the next migration", async () => {
  const { url, beside } = await prepareStores();
  await beside.query("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM tidemark_reader");
  const reader = await connectAs("tidemark_reader", url);
  await expect(reader.query("SELECT FROM events")).rejects.toMatchObject({ code: INSUFFICIENT_PRIVILEGE });

  await migratePostgres({ url, logger });

  expect((await reader.query("SELECT FROM events")).rowCount).toBe(0);
});
