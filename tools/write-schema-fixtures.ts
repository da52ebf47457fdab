import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeReleaseData } from "@tidemark/event-store/contract/upgrade/release-data";
import { openPostgresEventStore } from "@tidemark/event-store-postgres/postgres-event-store";
import { readMigrations as readPostgresMigrations } from "@tidemark/event-store-postgres/schema/migrate";
import { readMigrations as readSqliteMigrations } from "@tidemark/event-store-sqlite/schema/migrate";
import { openSqliteEventStore } from "@tidemark/event-store-sqlite/sqlite-event-store";
import { VERSION } from "@tidemark/runtime/version";
import { createLogger } from "@tidemark/telemetry/logger";

/**
 * Writes the fixtures of the newest schemas, `fixture/version-N.sql` of both stores, before a release. `DATABASE_URL`
 * names an empty database. Needs `pg_dump` and `sqlite3`.
 */

const logger = createLogger({ service: "fixture", level: "warn" });
const header = (version: number) =>
  `-- The data of schema version ${version}, which Tidemark ${VERSION} wrote: see contract/upgrade/release-data.ts of event-store.\n`;

function write(store: "postgres" | "sqlite", version: number, dump: string): void {
  const file = new URL(`../shared/event-store-${store}/src/fixture/version-${version}.sql`, import.meta.url);
  writeFileSync(file, header(version) + dump);
}

async function writePostgres(url: string): Promise<void> {
  const open = () => openPostgresEventStore({ url, logger, migrate: true, maxConnections: 2 });
  const [store, second] = [await open(), await open()];
  await writeReleaseData(store, second);
  await Promise.all([store.close(), second.close()]);
  const options = ["--data-only", "--column-inserts", "--rows-per-insert=100", "--no-owner", url];
  const dump = execFileSync("pg_dump", options, { encoding: "utf8" });
  // Comments and session settings are removed, because the tests have their own. Rows of the migrations are removed as
  // well.
  const statements = dump.replaceAll(/^(--.*|SET .*|SELECT pg_catalog\.set_config.*|\\.*|)\n/gm, "");
  write(
    "postgres",
    readPostgresMigrations().length,
    `DELETE FROM positions;\nDELETE FROM payload_expiry;\nDELETE FROM migrations;\n${statements}`,
  );
}

async function writeSqlite(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-fixture-"));
  const path = join(folder, "tidemark.db");
  const store = await openSqliteEventStore({ path, logger });
  await writeReleaseData(store, store);
  await store.close();
  const version = readSqliteMigrations().length;
  const dump = execFileSync("sqlite3", [path, ".dump"], { encoding: "utf8" });
  write("sqlite", version, `${dump}PRAGMA user_version = ${version};\n`);
  rmSync(folder, { recursive: true });
}

const url = process.env.DATABASE_URL;
if (url === undefined) throw new Error("DATABASE_URL must name an empty database");
await writePostgres(url);
await writeSqlite();
