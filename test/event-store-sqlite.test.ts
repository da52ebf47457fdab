import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteEventStore } from "@tidemark/shared/event-store/sqlite-event-store";
import { createLogger } from "@tidemark/shared/log";
import { describeEventStore } from "./contract/event-store-contract.ts";

const log = createLogger({ service: "test", level: "silent" });

describeEventStore("the SQLite event store", async () => {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  const path = join(directory, "data", "tidemark.db");
  let store = await openSqliteEventStore({ path, log });
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await openSqliteEventStore({ path, log });
      return store;
    },
    close: async () => {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
});
