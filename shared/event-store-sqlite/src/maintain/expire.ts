import { type ExpirePayloads, type ExpiryStep, MAX_EXPIRED_BYTES } from "@tidemark/event-store/erasure";
import type { Database } from "better-sqlite3";
import { utcText } from "../schema/columns.ts";

interface ScannedRow {
  id: number;
  is_old: number;
  /** The bytes of the payload, which SQLite knows without reading it. */
  bytes: number;
}

/** A range of ids, both included. */
interface Range {
  first: number;
  last: number;
}

/**
 * Prepares `Eraser.expirePayloads`. The position is the id of the last event that the scan has passed. Ids are in the order
 * in which events were stored.
 */
export function prepareExpirePayloads(database: Database): (options: ExpirePayloads) => ExpiryStep {
  const readPosition = database.prepare<[], { position: number }>("SELECT position FROM payload_expiry");
  const keepPosition = database.prepare<[number]>("UPDATE payload_expiry SET position = ?");
  const scan = database.prepare<{ position: number; before: string; limit: number }, ScannedRow>(
    `SELECT id, processed_at < @before AS is_old, coalesce(octet_length(payload), 0) AS bytes
     FROM events WHERE id > @position ORDER BY id LIMIT @limit`,
  );
  const expireEvents = database.prepare<Range & { now: string }>(
    `UPDATE events SET payload = NULL, payload_expired_at = @now
     WHERE id BETWEEN @first AND @last AND payload IS NOT NULL`,
  );
  const forgetHashes = database.prepare<Range>("DELETE FROM large_events WHERE id BETWEEN @first AND @last");
  const forgetConflicts = prepareForgetConflicts(database);

  const expire = database.transaction(({ processedBeforeMs, limit }: ExpirePayloads): ExpiryStep => {
    const position = readPosition.get()?.position ?? 0;
    const old = takeOld(scan.iterate({ position, before: utcText(processedBeforeMs), limit }));
    const [first, last] = [old[0], old.at(-1)];
    if (first === undefined || last === undefined) return { expired: 0, isAtEnd: true };
    const range = { first: first.id, last: last.id };
    const { changes } = expireEvents.run({ ...range, now: utcText(Date.now()) });
    forgetHashes.run(range);
    forgetConflicts(range);
    keepPosition.run(last.id);
    return { expired: changes, isAtEnd: false };
  });
  return expire.immediate;
}

/** Takes the events up to the first one that is too young, or until their payloads are large enough for a step. */
function takeOld(rows: Iterable<ScannedRow>): ScannedRow[] {
  const old: ScannedRow[] = [];
  let total = 0;
  for (const row of rows) {
    total += row.bytes;
    if (row.is_old === 0 || (total > MAX_EXPIRED_BYTES && old.length > 0)) break;
    old.push(row);
  }
  return old;
}

/** Prepares the removal of the content of conflicts. There are few conflicts, so the index answers for most events at once. */
function prepareForgetConflicts(database: Database): (range: Range) => void {
  const forget = database.prepare<Range>(
    `UPDATE duplicates SET timestamp = NULL, payload = NULL, attributes = NULL WHERE id IN (
       SELECT kept.id FROM events CROSS JOIN duplicates AS kept INDEXED BY conflicts_kept
         ON (kept.topic, kept.event_id) = (events.topic, events.event_id) AND kept.payload IS NOT NULL
       WHERE events.id BETWEEN @first AND @last)`,
  );
  return (range) => void forget.run(range);
}
