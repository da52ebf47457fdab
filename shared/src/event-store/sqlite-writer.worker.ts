import { type ApplyCall, prepareApply } from "./sqlite-applier.ts";
import { type BuryCall, prepareBury } from "./sqlite-burial.ts";
import { openWriterDatabase, type WriterDatabase } from "./sqlite-database.ts";
import { prepareDeletion, prepareRedrive } from "./sqlite-dead-letters.ts";
import { readSqliteDurability } from "./sqlite-durability.ts";
import { serveCalls } from "./sqlite-worker.ts";

let writer: WriterDatabase;
let apply: ReturnType<typeof prepareApply>;
let bury: ReturnType<typeof prepareBury>;
let redrive: ReturnType<typeof prepareRedrive>;
let deleteDeadLetter: ReturnType<typeof prepareDeletion>;

const methods = {
  open: (path: string): void => {
    writer = openWriterDatabase(path);
    apply = prepareApply(writer.database);
    bury = prepareBury(writer.database);
    redrive = prepareRedrive(writer.database);
    deleteDeadLetter = prepareDeletion(writer.database);
  },
  apply: (call: ApplyCall) => apply(call),
  bury: (call: BuryCall) => bury(call),
  redrive: (id: string) => redrive(id),
  deleteDeadLetter: (id: string) => deleteDeadLetter(id),
  readDurability: () => readSqliteDurability(writer.database),
  close: (): void => writer?.close(),
};

export type WriterMethods = typeof methods;

serveCalls(methods);
