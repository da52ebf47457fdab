import { openPostgresEventStore } from "@tidemark/shared/event-store/postgres-event-store";
import { createLogger } from "@tidemark/shared/log";
import { inject } from "vitest";
import { describeEventStore } from "./contract/event-store-contract.ts";
import { createDatabase } from "./support/postgres-database.ts";

const log = createLogger({ service: "test", level: "silent" });

describeEventStore("the PostgreSQL event store", async () => {
  const database = await createDatabase(inject("databaseUrl"));
  const open = () => openPostgresEventStore({ url: database.url, log, migrate: true, maxConnections: 2 });
  let store = await open();
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await open();
      return store;
    },
    close: async () => {
      await store.close();
      await database.drop();
    },
  };
});
