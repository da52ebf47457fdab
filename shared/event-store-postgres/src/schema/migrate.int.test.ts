import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { Session } from "../connection/session.ts";
import { prepareEmptyDatabase } from "../fixture/postgres-event-stores.ts";
import { DUPLICATE_COLUMNS, EVENT_COLUMNS, INTERNAL_EVENT_COLUMNS } from "./columns.ts";
import { migrate, readMigrations } from "./migrate.ts";

/** The SHA-256 of each released migration. Append the hash of a new one; the others never change. */
const RELEASED = [
  "4cea0ff0978922525ae87c423c1f61ddddf03bec86e27dc44ee79abf4771f046",
  "dd0bb73618002f79718740506d01222e45fb5e6def75cb7a1ad62b8161cd8ff7",
  "092e4ee1296ca228b8c5398a9a693f356437708fbdd95d397459495047bb185f",
  "87a5c039a3aceb0fe7ad3cdee882cc50b96a03a35d4c24541977fb81f4adcbfb",
  "bc352e6c23cf076457e8b6bc3dd22fad159038471a5c1bbfdccacf2aa3e37ab8",
  "d2bb55744a2c5812f129994bafe1460fd0523219e51b86a5ffee2f7287e3758d",
  "8f2b9ea674e8d65f32df7a85091c641bd29c64b878ba973f803f1f524a85f353",
  "4daee2327e507db38810067e35d16c9e51c9248dee71054ffa54abf378b52ff1",
  "41f500a42befe3fdf2e31c2df688598795074ef3b5032940d99eb15096e51968",
];

/**
 * Describes the tables, indexes, constraints, types, functions and triggers of a database, in a form that is the same
 * in PostgreSQL 15 to 18.
 */
const DESCRIBE_SCHEMA = `
  SELECT string_agg(line, E'\\n' ORDER BY line COLLATE "C") || E'\\n' AS description FROM (
    SELECT format('column %s.%s %s%s%s%s%s', relname, attname, format_type(atttypid, atttypmod),
        CASE WHEN collname = 'C' THEN ' COLLATE "C"' END, CASE WHEN attnotnull THEN ' NOT NULL' END,
        ' DEFAULT ' || pg_get_expr(adbin, adrelid), CASE WHEN attidentity <> '' THEN ' identity ' || attidentity::text END)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid LEFT JOIN pg_collation ON pg_collation.oid = attcollation
      LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum)
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'c') AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT format('constraint %s.%s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
    UNION ALL
    SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT format('table %s %s', relname, reloptions) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    UNION ALL
    SELECT format('function %s(%s) %s %s', proname, pg_get_function_arguments(oid), proconfig, md5(prosrc))
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
  ) AS described (line)`;

test("no released migration was edited", () => {
  expect(readMigrations().map(({ sql }) => createHash("sha256").update(sql).digest("hex"))).toEqual(RELEASED);
});

test.each(readMigrations())(
  "version $version of the schema is the same as when it was released",
  async ({ version }) => {
    const { beside } = await prepareEmptyDatabase();

    await migrate(new Session(beside), readMigrations().slice(0, version));

    const { rows } = await beside.query(DESCRIBE_SCHEMA);
    await expect(rows[0].description).toMatchFileSnapshot(`snapshots/version-${version}.txt`);
  },
);

test("the columns of an event and of a duplicate are those of the tables", async () => {
  const { beside } = await prepareEmptyDatabase();
  await migrate(new Session(beside));
  const columnsOf = async (table: string) => {
    const { rows } = await beside.query("SELECT column_name FROM information_schema.columns WHERE table_name = $1", [
      table,
    ]);
    return rows.map(({ column_name }) => column_name).toSorted();
  };

  expect(await columnsOf("events")).toEqual(
    ["tx", "ord", ...Object.keys(EVENT_COLUMNS), ...INTERNAL_EVENT_COLUMNS].toSorted(),
  );
  expect(await columnsOf("duplicates")).toEqual(["tx", "ord", ...Object.keys(DUPLICATE_COLUMNS)].toSorted());
});

test("the index of the key is newer than the one by position, because the planner prefers it then in a small table", async () => {
  const { beside } = await prepareEmptyDatabase();
  await migrate(new Session(beside));

  const { rows } = await beside.query(
    "SELECT 'events_pkey'::regclass::oid > 'events_by_topic_and_position'::regclass::oid AS is_newer",
  );

  expect(rows).toEqual([{ is_newer: true }]);
});

test("a migration of a newer release is ignored", async () => {
  const { beside } = await prepareEmptyDatabase();
  const session = new Session(beside);
  await migrate(session);
  await beside.query("INSERT INTO migrations (name, applied_at) VALUES ('999-newer', now())");

  expect(await migrate(session)).toEqual([]);
});
