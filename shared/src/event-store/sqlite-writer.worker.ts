import { type ApplyCall, prepareApply } from "./sqlite-applier.ts";
import { openWriterDatabase, type WriterDatabase } from "./sqlite-database.ts";
import { serveCalls } from "./sqlite-worker.ts";

let writer: WriterDatabase;
let apply: ReturnType<typeof prepareApply>;

const methods = {
  open: (path: string): void => {
    writer = openWriterDatabase(path);
    apply = prepareApply(writer.database);
  },
  apply: (call: ApplyCall) => apply(call),
  close: (): void => writer?.close(),
};

export type WriterMethods = typeof methods;

serveCalls(methods);
