import type { Durability } from "@tidemark/domain/durability";
import { prepareApply } from "../apply/apply.ts";
import { prepareDeadLetterFrame } from "../apply/dead-letter.ts";
import { openWriterDatabase } from "../connection/database.ts";
import { type FileWatch, watchFile } from "../connection/watch-file.ts";
import { prepareKeepAudit } from "../maintain/audit.ts";
import { readSqliteDurability } from "../maintain/durability.ts";
import { preparePruneDuplicates, preparePruneFrames } from "../maintain/prune.ts";
import { prepareDeletion, prepareRedrive } from "../maintain/redrive.ts";
import { prepareReadOrCreateSecret } from "../maintain/secret.ts";
import { serveCalls } from "./worker.ts";

function openWriter(path: string) {
  const { database, close } = openWriterDatabase(path);
  const file = watchFile(path);
  return {
    apply: prepareApply(database),
    deadLetterFrame: prepareDeadLetterFrame(database),
    redrive: prepareRedrive(database),
    deleteDeadLetter: prepareDeletion(database),
    readDurability: (): Durability => {
      const settings = readSqliteDurability(database);
      const fileState = checkFileOrDie(file);
      return settings.status === "safe" ? fileState : settings;
    },
    keepAudit: prepareKeepAudit(database),
    pruneDuplicates: preparePruneDuplicates(database),
    pruneFrames: preparePruneFrames(database),
    readOrCreateSecret: prepareReadOrCreateSecret(database),
    close,
  };
}

/** Throws a second time outside of the call, which ends this thread and the process: the store must take nothing more. */
function checkFileOrDie(file: FileWatch): Durability {
  try {
    return file.check();
  } catch (error) {
    setImmediate(() => {
      throw error;
    });
    throw error;
  }
}

export type WriterFunctions = ReturnType<typeof openWriter>;

serveCalls(openWriter);
