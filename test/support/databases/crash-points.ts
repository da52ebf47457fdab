import type pg from "pg";

/** The points at which a writer's transaction can be cut off: after a statement that writes this table, or in the commit. */
export const CRASH_POINTS = [
  "frames",
  "events",
  "duplicates",
  "topic_counters",
  "source_counters",
  "frame_counters",
  "book_totals",
  "topics",
  "commit",
] as const;

export type CrashPoint = (typeof CRASH_POINTS)[number];

/** Prepares a database for `whileCrashing`: creates triggers that end their own connection, as a failover does. */
export async function installCrashPoints(client: pg.Client): Promise<void> {
  await client.query("CREATE TABLE crash (point text PRIMARY KEY)");
  await client.query(
    `CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF EXISTS (SELECT FROM crash WHERE point = TG_ARGV[0]) THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
       RETURN NULL;
     END $$`,
  );
  for (const point of CRASH_POINTS) {
    if (point === "commit") continue;
    await client.query(
      `CREATE TRIGGER crash AFTER INSERT OR UPDATE ON ${point} FOR EACH STATEMENT EXECUTE FUNCTION crash('${point}')`,
    );
  }
  await client.query(
    `CREATE CONSTRAINT TRIGGER crash_in_commit AFTER INSERT ON frames DEFERRABLE INITIALLY DEFERRED
     FOR EACH ROW EXECUTE FUNCTION crash('commit')`,
  );
}

/** Runs `work`. Meanwhile every writer whose transaction reaches `point` loses its connection. */
export async function whileCrashing<Result>(
  client: pg.Client,
  point: CrashPoint,
  work: () => Promise<Result>,
): Promise<Result> {
  await client.query("INSERT INTO crash VALUES ($1)", [point]);
  try {
    return await work();
  } finally {
    await client.query("DELETE FROM crash");
  }
}
