import { openPostgresEventStore } from "@tidemark/shared/event-store/postgres-event-store";
import { createLogger } from "@tidemark/shared/log";
import pg from "pg";
import { inject, onTestFinished } from "vitest";
import { eventText } from "./frames.ts";
import { createDatabase } from "./postgres-database.ts";
import { waitFor } from "./wait-for.ts";

const log = createLogger({ service: "test", level: "silent" });

/** An empty database, what opens stores on it, and a connection beside them; all gone when the test ends. */
export async function prepareStores() {
  const database = await createDatabase(inject("databaseUrl"));
  onTestFinished(() => database.drop());
  const beside = new pg.Client({ connectionString: database.url });
  await beside.connect();
  onTestFinished(() => beside.end());
  const open = async (options: { migrate: boolean; maxWriters?: number }) => {
    const store = await openPostgresEventStore({ url: database.url, log, maxConnections: 2, ...options });
    onTestFinished(() => store.close());
    return store;
  };
  return { beside, open, openConsumer: () => open({ migrate: true }), url: database.url };
}

/** An event of the one topic that these tests need. */
export const eventOf = (id: string) => eventText({ topic: "t", id });

/** Waits until as many connections of this database stand in line for a lock. */
export function waitForLocks(beside: pg.Client, count: number) {
  return waitFor(`${count} connections to wait for a lock`, async () => {
    await beside.query("SELECT pg_stat_clear_snapshot()"); // inside a transaction it would show the same for ever
    const { rowCount } = await beside.query(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    return rowCount === count;
  });
}

/** Cuts the connections of this database that meet the condition, as a failover does. */
export async function terminate(beside: pg.Client, condition: string): Promise<void> {
  await beside.query(
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND ${condition}`,
  );
}
