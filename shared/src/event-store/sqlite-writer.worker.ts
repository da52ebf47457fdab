import type { Durability } from "../durability.ts";
import type { Audit } from "./audit.ts";
import type { PruneDuplicates, PruneFrames } from "./pruning.ts";
import { type ApplyCall, prepareApply } from "./sqlite-applier.ts";
import { prepareKeepingAudit } from "./sqlite-audit.ts";
import { type BuryCall, prepareBury } from "./sqlite-burial.ts";
import { openWriterDatabase, type WriterDatabase } from "./sqlite-database.ts";
import { prepareDeletion, prepareRedrive } from "./sqlite-dead-letters.ts";
import { readSqliteDurability } from "./sqlite-durability.ts";
import { type FileWatch, watchFile } from "./sqlite-file.ts";
import { preparePruningDuplicates, preparePruningFrames } from "./sqlite-pruning.ts";
import { serveCalls } from "./sqlite-worker.ts";

let writer: WriterDatabase;
let file: FileWatch;
let apply: ReturnType<typeof prepareApply>;
let bury: ReturnType<typeof prepareBury>;
let redrive: ReturnType<typeof prepareRedrive>;
let deleteDeadLetter: ReturnType<typeof prepareDeletion>;
let keepAudit: ReturnType<typeof prepareKeepingAudit>;
let pruneDuplicates: ReturnType<typeof preparePruningDuplicates>;
let pruneFrames: ReturnType<typeof preparePruningFrames>;

/** Uncaught, the error ends this thread and with it the process: it must take nothing more. */
function lookOrDie(): Durability {
  try {
    return file.look();
  } catch (error) {
    setImmediate(() => {
      throw error;
    });
    throw error;
  }
}

const methods = {
  open: (path: string): void => {
    writer = openWriterDatabase(path);
    file = watchFile(path);
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
  readDurability: (): Durability => {
    const ofSettings = readSqliteDurability(writer.database);
    const ofFile = lookOrDie();
    return ofSettings.status === "safe" ? ofFile : ofSettings;
  },
  keepAudit: (audit: Audit) => keepAudit(audit),
  pruneDuplicates: (options: PruneDuplicates) => pruneDuplicates(options),
  pruneFrames: (options: PruneFrames) => pruneFrames(options),
  close: (): void => writer?.close(),
};

export type WriterMethods = typeof methods;

serveCalls(methods);
