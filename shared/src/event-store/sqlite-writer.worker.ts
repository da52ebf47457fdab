import type { Audit } from "./audit.ts";
import type { PruneDuplicates, PruneFrames } from "./pruning.ts";
import { type ApplyCall, prepareApply } from "./sqlite-applier.ts";
import { prepareKeepingAudit } from "./sqlite-audit.ts";
import { type BuryCall, prepareBury } from "./sqlite-burial.ts";
import { openWriterDatabase, type WriterDatabase } from "./sqlite-database.ts";
import { prepareDeletion, prepareRedrive } from "./sqlite-dead-letters.ts";
import { readSqliteDurability } from "./sqlite-durability.ts";
import { preparePruningDuplicates, preparePruningFrames } from "./sqlite-pruning.ts";
import { serveCalls } from "./sqlite-worker.ts";

let writer: WriterDatabase;
let apply: ReturnType<typeof prepareApply>;
let bury: ReturnType<typeof prepareBury>;
let redrive: ReturnType<typeof prepareRedrive>;
let deleteDeadLetter: ReturnType<typeof prepareDeletion>;
let keepAudit: ReturnType<typeof prepareKeepingAudit>;
let pruneDuplicates: ReturnType<typeof preparePruningDuplicates>;
let pruneFrames: ReturnType<typeof preparePruningFrames>;

const methods = {
  open: (path: string): void => {
    writer = openWriterDatabase(path);
    apply = prepareApply(writer.database);
    bury = prepareBury(writer.database);
    redrive = prepareRedrive(writer.database);
    deleteDeadLetter = prepareDeletion(writer.database);
    keepAudit = prepareKeepingAudit(writer.database);
    pruneDuplicates = preparePruningDuplicates(writer.database);
    pruneFrames = preparePruningFrames(writer.database);
  },
  apply: (call: ApplyCall) => apply(call),
  bury: (call: BuryCall) => bury(call),
  redrive: (id: string) => redrive(id),
  deleteDeadLetter: (id: string) => deleteDeadLetter(id),
  readDurability: () => readSqliteDurability(writer.database),
  keepAudit: (audit: Audit) => keepAudit(audit),
  pruneDuplicates: (options: PruneDuplicates) => pruneDuplicates(options),
  pruneFrames: (options: PruneFrames) => pruneFrames(options),
  close: (): void => writer?.close(),
};

export type WriterMethods = typeof methods;

serveCalls(methods);
