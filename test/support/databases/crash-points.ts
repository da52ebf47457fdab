import type pg from "pg";

/** Where in its transaction a writer can be made to die: behind a statement that writes this table, or in the commit. */
export const CRASH_POINTS = [
  "frames",
  "events",
  "duplicates",
  "topic_counters",
  "source_counters",
  "frame_counters",
  "commit",
] as const;

export type CrashPoint = (typeof CRASH_POINTS)[number];

/** Prepares a database for `crashOnce`: triggers that cut their own connection as a failover does, when told to. */
export async function installCrashPoints(beside: pg.Client): Promise<void> {
  await beside.query("CREATE TABLE crash (point text PRIMARY KEY)");
  await beside.query(
    `CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF EXISTS (SELECT FROM crash WHERE point = TG_ARGV[0]) THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
       RETURN NULL;
     END $$`,
  );
  for (const point of CRASH_POINTS) {
    if (point === "commit") continue;
    await beside.query(
      `CREATE TRIGGER crash AFTER INSERT OR UPDATE ON ${point} FOR EACH STATEMENT EXECUTE FUNCTION crash('${point}')`,
    );
  }
  await beside.query(
    `CREATE CONSTRAINT TRIGGER crash_in_commit AFTER INSERT ON frames DEFERRABLE INITIALLY DEFERRED
     FOR EACH ROW EXECUTE FUNCTION crash('commit')`,
  );
}

/** Does something during which every writer that comes to this point dies. */
export async function whileCrashing<Result>(
  beside: pg.Client,
  point: CrashPoint,
  work: () => Promise<Result>,
): Promise<Result> {
  await beside.query("INSERT INTO crash VALUES ($1)", [point]);
  try {
    return await work();
  } finally {
    await beside.query("DELETE FROM crash");
  }
}
