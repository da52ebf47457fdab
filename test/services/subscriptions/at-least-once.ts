/**
 * A program that follows a subscription and writes down each event before the batch is acknowledged. It keeps no cursor, so
 * that a batch comes again when the program is killed between the two.
 */
import { TidemarkClient } from "@tidemark/client";
import pg from "pg";

const { TIDEMARK_URL = "", DATABASE_URL, SUBSCRIPTION = "", TOPIC = "" } = process.env;

const database = new pg.Client({ connectionString: DATABASE_URL });
await database.connect();
await database.query(
  "CREATE TABLE IF NOT EXISTS work (id bigserial PRIMARY KEY, topic text NOT NULL, event_id text NOT NULL)",
);
const subscription = new TidemarkClient({ url: TIDEMARK_URL }).subscribe(SUBSCRIPTION, { topic: TOPIC, limit: 500 });
for await (const { events } of subscription.batches()) {
  await database.query("INSERT INTO work (topic, event_id) SELECT * FROM unnest($1::text[], $2::text[])", [
    events.map(({ topic }) => topic),
    events.map(({ event_id }) => event_id),
  ]);
}
