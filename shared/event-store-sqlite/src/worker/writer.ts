import type { Durability } from "@tidemark/domain/durability";
import { prepareApply } from "../apply/apply.ts";
import { prepareDeadLetterFrame } from "../apply/dead-letter.ts";
import type { DeduplicateOptions } from "../apply/deduplicate.ts";
import { openWriterDatabase } from "../connection/database.ts";
import { watchFile } from "../connection/watch-file.ts";
import { prepareKeepAudit } from "../maintain/audit.ts";
import { readSqliteDurability } from "../maintain/durability.ts";
import { prepareEraseConflicts, prepareEraseStored, prepareTruncateWal } from "../maintain/erase.ts";
import { prepareExpirePayloads } from "../maintain/expire.ts";
import { preparePruneDuplicates, preparePruneFrames } from "../maintain/prune.ts";
import { preparePruneHistory } from "../maintain/prune-history.ts";
import { prepareRecordStart } from "../maintain/record-start.ts";
import { prepareDeletion, prepareRedrive } from "../maintain/redrive.ts";
import { prepareReadOrCreateSecret } from "../maintain/secret.ts";
import {
  prepareAcknowledge,
  prepareCreateSubscription,
  prepareDeleteSubscription,
} from "../subscriptions/subscriptions.ts";

export function openWriter(path: string, options: DeduplicateOptions) {
  const { database, keepLock, close } = openWriterDatabase(path);
  const file = watchFile(database, path);
  const checkFiles = () => {
    file.check();
    keepLock();
  };
  /**
   * Checks the files after the commit, so that no event is confirmed that is in a file without a name. The check takes
   * some 10 µs.
   */
  const checked = <Args extends unknown[], Outcome>(change: (...args: Args) => Outcome) => {
    return (...args: Args): Outcome => {
      const outcome = change(...args);
      orDie(checkFiles);
      return outcome;
    };
  };
  return {
    apply: checked(prepareApply(database, options)),
    deadLetterFrame: checked(prepareDeadLetterFrame(database)),
    redrive: checked(prepareRedrive(database, options)),
    deleteDeadLetter: checked(prepareDeletion(database)),
    readDurability: checked((): Durability => readSqliteDurability(database)),
    keepAudit: prepareKeepAudit(database),
    pruneDuplicates: preparePruneDuplicates(database),
    pruneFrames: preparePruneFrames(database),
    pruneHistory: preparePruneHistory(database),
    recordStart: prepareRecordStart(database),
    eraseStored: checked(prepareEraseStored(database)),
    eraseConflicts: prepareEraseConflicts(database),
    truncateWal: prepareTruncateWal(database),
    expirePayloads: prepareExpirePayloads(database),
    createSubscription: checked(prepareCreateSubscription(database)),
    acknowledge: checked(prepareAcknowledge(database)),
    deleteSubscription: checked(prepareDeleteSubscription(database)),
    readOrCreateSecret: prepareReadOrCreateSecret(database),
    /** @throws {Error} if the file was lost, because its content would be lost when this connection is closed */
    close: () => {
      try {
        file.check();
      } finally {
        close();
      }
    },
  };
}

/**
 * Throws the error again outside of the call, which ends this thread and the process, because the store must accept
 * nothing more.
 */
function orDie(check: () => void): void {
  try {
    check();
  } catch (error) {
    setImmediate(() => {
      throw error;
    });
    throw error;
  }
}

export type WriterFunctions = ReturnType<typeof openWriter>;
