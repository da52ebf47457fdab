import type { Durability } from "@tidemark/domain/durability";
import type { Audit } from "@tidemark/event-store/audit";
import type { PruneDuplicates, PruneFrames } from "@tidemark/event-store/pruning";
import { type ApplyCall, prepareApply } from "../apply/apply.ts";
import { type BuryCall, prepareBury } from "../apply/dead-letter.ts";
import { prepareKeepingAudit } from "../maintain/audit.ts";
import { readSqliteDurability } from "../maintain/durability.ts";
import { preparePruningDuplicates, preparePruningFrames } from "../maintain/pruning.ts";
import { prepareDeletion, prepareRedrive } from "../maintain/redrive.ts";
import { openWriterDatabase, type WriterDatabase } from "../schema/database.ts";
import { type FileWatch, watchFile } from "../schema/file.ts";
import { serveCalls } from "./worker.ts";

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
