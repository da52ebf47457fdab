import pg from "pg";
import { runSabotagedConsumer } from "./consumer-root.ts";

const EVERY = 20;
const LOSE_NEWEST = "DELETE FROM events WHERE ctid = (SELECT ctid FROM events ORDER BY processed_at DESC LIMIT 1)";

/** A consumer that sometimes deletes an event after it was answered and counted as stored. */
await runSabotagedConsumer(({ store }, connectionString) => {
  const pool = new pg.Pool({ connectionString, max: 1 });
  pool.on("error", () => {});
  let batches = 0;
  return {
    store: {
      async apply(deliveries, options) {
        const applied = await store.apply(deliveries, options);
        if (++batches % EVERY === 0) await pool.query(LOSE_NEWEST);
        return applied;
      },
    },
  };
});
