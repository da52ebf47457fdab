import { prepareApply } from "@tidemark/shared/event-store/sqlite-applier";
import { openWriterDatabase, type WriterDatabase } from "@tidemark/shared/event-store/sqlite-database";
import { prepareQueries } from "@tidemark/shared/event-store/sqlite-queries";
import { serveCalls } from "@tidemark/shared/event-store/sqlite-worker";

/** The arrangement that was not chosen: one thread that writes and reads. */

let writer: WriterDatabase;
let apply: ReturnType<typeof prepareApply>;
let queries: ReturnType<typeof prepareQueries>;

const methods = {
  open: (path: string): void => {
    writer = openWriterDatabase(path);
    apply = prepareApply(writer.database);
    queries = prepareQueries(writer.database);
  },
  apply: (...call: Parameters<typeof apply>) => apply(...call),
  listEvents: (...query: Parameters<typeof queries.listEvents>) => queries.listEvents(...query),
  close: (): void => writer.close(),
};

export type BothMethods = typeof methods;

serveCalls(methods);
