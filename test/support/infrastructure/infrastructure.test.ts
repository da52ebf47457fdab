import pg from "pg";
import { expect, inject, test } from "vitest";

test("PostgreSQL answers, has version 15 or newer, and can create databases", async () => {
  const client = new pg.Client({ connectionString: inject("databaseUrl") });
  await client.connect();
  const { rows } = await client.query(
    "SELECT current_setting('server_version_num')::int AS version, rolcreatedb OR rolsuper AS can_create FROM pg_roles WHERE rolname = current_user",
  );
  await client.end();
  expect(rows[0]).toEqual({ version: expect.any(Number), can_create: true });
  expect(rows[0].version).toBeGreaterThanOrEqual(150_000);
});
