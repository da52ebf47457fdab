/**
 * Follows a subscription, and processes each event exactly once: the cursor is in the same PostgreSQL database as the work,
 * and one transaction changes both. Here the work is a row for each event.
 *
 *     TIDEMARK_URL=http://localhost:8080 DATABASE_URL=postgres://... SUBSCRIPTION=billing node exactly-once.ts
 *
 * The program ends when the database or the service refuses it. Whatever starts it again loses nothing and repeats nothing.
 */
import { TidemarkClient } from "@tidemark/client";
import pg from "pg";

const { TIDEMARK_URL = "http://localhost:8080", TIDEMARK_API_KEY, SUBSCRIPTION = "billing", TOPIC } = process.env;

const database = new pg.Client({ connectionString: process.env.DATABASE_URL });
await database.connect();
await database.query(`
  CREATE TABLE IF NOT EXISTS progress (subscription text PRIMARY KEY, cursor text);
  CREATE TABLE IF NOT EXISTS work (id bigserial PRIMARY KEY, topic text NOT NULL, event_id text NOT NULL);
`);
await database.query("INSERT INTO progress (subscription) VALUES ($1) ON CONFLICT DO NOTHING", [SUBSCRIPTION]);

const { rows } = await database.query("SELECT cursor FROM progress WHERE subscription = $1", [SUBSCRIPTION]);
let before: string | null = rows[0].cursor;

const tidemark = new TidemarkClient({ url: TIDEMARK_URL, apiKey: TIDEMARK_API_KEY });
// The cursor is acknowledged first, because the program may have ended between a commit and its acknowledgement.
const subscription = tidemark.subscribe(SUBSCRIPTION, {
  ...(TOPIC && { topic: TOPIC }),
  cursor: before ?? undefined,
  limit: 1_000,
});

for await (const { events, cursor } of subscription.batches()) {
  await database.query("BEGIN");
  await database.query("INSERT INTO work (topic, event_id) SELECT * FROM unnest($1::text[], $2::text[])", [
    events.map(({ topic }) => topic),
    events.map(({ event_id }) => event_id),
  ]);
  const { rowCount } = await database.query(
    "UPDATE progress SET cursor = $1 WHERE subscription = $2 AND cursor IS NOT DISTINCT FROM $3",
    [cursor, SUBSCRIPTION, before],
  );
  // Another process of the same subscription was first. The transaction ends without its work.
  if (rowCount !== 1) throw new Error("another worker has the subscription");
  await database.query("COMMIT");
  before = cursor;
  // After the body of the loop, the client acknowledges the batch.
}
