import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { runSabotagedConsumer } from "./consumer-root.ts";

const BETWEEN_MS = 300;
const ADD =
  "UPDATE topic_counters SET stored = stored + $1 WHERE (slot, topic) = (SELECT slot, topic FROM topic_counters ORDER BY slot, topic LIMIT 1)";

/** A consumer that counts on another connection some time after the commit: a crash in between leaves the books wrong. */
await runSabotagedConsumer(({ store }, connectionString) => {
  const pool = new pg.Pool({ connectionString, max: 1 });
  pool.on("error", () => {});
  return {
    store: {
      async apply(deliveries, options) {
        const applied = await store.apply(deliveries, options);
        const accepted = applied.frames
          .filter(({ isNew }) => isNew)
          .reduce((sum, { verdicts }) => sum + verdicts.split("s").length - 1, 0);
        // The real store has counted already, so this takes its count back first.
        await pool.query(ADD, [-accepted]);
        await delay(BETWEEN_MS);
        await pool.query(ADD, [accepted]);
        return applied;
      },
    },
  };
});
