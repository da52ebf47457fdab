import type { SequenceRange } from "@tidemark/domain/origin";
import type { LastRestore } from "@tidemark/event-store/books";
import { type Session, withSession } from "../connection/session.ts";

/** The frames and events that a generation of the log had handed over and the store does not have; null where not known. */
export interface Loss {
  generation: string;
  frames: number | null;
  events: number | null;
}

/** The frames and events of a generation of the log that the store has, including the losses that are recorded. */
export interface AppliedOfLog {
  events: number;
  /** The events of applied frames that the log holds. */
  heldEvents: number;
  /** Applied frames that the log does not hold. */
  goneFrames: number;
}

/** The store of a stack after a restore, while no service writes to it. */
export interface RestoredStore {
  /** Returns those of these frames that the ledger has. */
  findApplied(frameIds: string[]): Promise<Set<string>>;
  readApplied(log: { generation: string; held: SequenceRange[] }): Promise<AppliedOfLog>;
  /** Records the losses, and returns their total. */
  recordRestore(restore: { backedUpAt: string; losses: Loss[] }): Promise<LastRestore>;
}

/** Runs work on a separate connection. The role must own the tables. @throws {Unavailable} `store_unreachable` */
export function withRestoredStore<Result>(
  url: string,
  work: (store: RestoredStore) => Promise<Result>,
): Promise<Result> {
  return withSession({ url, applicationName: "tidemark-restore", timeoutMs: 0 }, (session) =>
    work({
      findApplied: (frameIds) => findApplied(session, frameIds),
      readApplied: (log) => readApplied(session, log),
      recordRestore: (restore) => recordRestore(session, restore),
    }),
  );
}

async function findApplied(session: Session, frameIds: string[]): Promise<Set<string>> {
  const { rows } = await session.query<{ frame_id: string }>(
    "SELECT frame_id FROM frames WHERE frame_id = ANY ($1::uuid[])",
    [frameIds],
  );
  return new Set(rows.map(({ frame_id: frameId }) => frameId));
}

const APPLIED = `
  WITH held AS (
    SELECT coalesce(sum(events), 0) AS events, count(*) AS frames
    FROM unnest($2::bigint[], $3::bigint[]) AS run (first, last) JOIN (
      SELECT generation, sequence, events FROM frames UNION ALL SELECT generation, sequence, events FROM repeated_frames
    ) AS applied ON generation = $1::text AND sequence BETWEEN run.first AND run.last
  ), recorded AS (
    SELECT coalesce(sum(lost_events), 0) AS events, coalesce(sum(lost_frames), 0) AS frames FROM restores
    WHERE generation = $1::text
  ), counted AS (
    SELECT coalesce(sum(events), 0) AS events, coalesce(sum(frames), 0) AS frames FROM frame_counters
    WHERE generation = $1::text
  )
  SELECT counted.events + recorded.events AS events, held.events AS held_events,
    counted.frames + recorded.frames - held.frames AS gone_frames
  FROM held, recorded, counted`;

async function readApplied(
  session: Session,
  { generation, held }: { generation: string; held: SequenceRange[] },
): Promise<AppliedOfLog> {
  const { rows } = await session.query<{ events: string; held_events: string; gone_frames: string }>(APPLIED, [
    generation,
    held.map(({ first }) => first),
    held.map(({ last }) => last),
  ]);
  const [row] = rows;
  if (row === undefined) throw new Error("an aggregate without a row");
  return { events: Number(row.events), heldEvents: Number(row.held_events), goneFrames: Number(row.gone_frames) };
}

const RECORD = `
  INSERT INTO restores (restored_at, backed_up_at, generation, lost_frames, lost_events)
  SELECT now(), $1::timestamptz, lost.* FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS lost
  RETURNING to_char(restored_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS restored_at`;

async function recordRestore(
  session: Session,
  { backedUpAt, losses }: { backedUpAt: string; losses: Loss[] },
): Promise<LastRestore> {
  const { rows } = await session.query<{ restored_at: string }>(RECORD, [
    backedUpAt,
    losses.map(({ generation }) => generation),
    losses.map(({ frames }) => frames),
    losses.map(({ events }) => events),
  ]);
  const sum = (amounts: (number | null)[]) =>
    amounts.reduce((total, amount) => (total === null || amount === null ? null : total + amount), 0);
  return {
    restoredAt: rows[0]?.restored_at ?? "",
    backedUpAt,
    lostFrames: sum(losses.map(({ frames }) => frames)),
    lostEvents: sum(losses.map(({ events }) => events)),
  };
}
