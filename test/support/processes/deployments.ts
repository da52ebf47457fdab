import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { onTestFinished } from "vitest";
import { changeTables } from "../databases/sqlite-tables.ts";
import { createOwnDatabase, startOwn, startOwnBroker } from "./own-services.ts";
import type { ServiceProcess } from "./service-process.ts";

/** A shape of the service, its processes started for one test, with a store that can be made to refuse. */
export interface ShapeUnderTest {
  /** Where `POST /publish` is. */
  publishUrl: string;
  /** Where everything else is. */
  readUrl: string;
  /** The process that writes the store. */
  writer: ServiceProcess;
  /** Starts the writer again, which has ended. In single that is another address. */
  restartWriter(): Promise<ShapeUnderTest>;
  /** From now on the store itself refuses events for which this SQL holds; `NEW` is the event's row. */
  refuse(condition: string): Promise<void>;
  /** It refuses them no longer. */
  accept(): Promise<void>;
}

export type OpenShape = () => Promise<ShapeUnderTest>;

export async function openSingle(): Promise<ShapeUnderTest> {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const path = join(directory, "tidemark.db");
  const open = async (): Promise<ShapeUnderTest> => {
    const writer = await startOwn("single", { DATABASE_PATH: path });
    return {
      publishUrl: writer.url,
      readUrl: writer.url,
      writer,
      restartWriter: open,
      refuse: async (condition) =>
        changeTables(
          path,
          `CREATE TRIGGER refusal BEFORE INSERT ON events WHEN ${condition}
           BEGIN SELECT RAISE(ABORT, 'refused by the test'); END`,
        ),
      accept: async () => changeTables(path, "DROP TRIGGER refusal"),
    };
  };
  return open();
}

/** With a broker of its own: the log has one name, and what other tests put into it would be refused as well. */
export async function openStack(): Promise<ShapeUnderTest> {
  const [broker, database] = await Promise.all([startOwnBroker(), createOwnDatabase()]);
  const environment = { NATS_URL: broker.url, DATABASE_URL: database.url };
  const writer = await startOwn("consumer", environment);
  const [gateway, query] = await Promise.all([startOwn("gateway", environment), startOwn("query", environment)]);
  const beside = new pg.Client({ connectionString: database.url });
  await beside.connect();
  onTestFinished(() => beside.end());
  const shape: ShapeUnderTest = {
    publishUrl: gateway.url,
    readUrl: query.url,
    writer,
    restartWriter: async () => ({ ...shape, writer: await startOwn("consumer", environment) }),
    refuse: async (condition) => {
      await beside.query(
        `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'refused by the test' USING ERRCODE = 'check_violation'; END $$`,
      );
      await beside.query(
        `CREATE TRIGGER refusal BEFORE INSERT ON events FOR EACH ROW WHEN (${condition}) EXECUTE FUNCTION refuse()`,
      );
    },
    accept: async () => {
      await beside.query("DROP TRIGGER refusal ON events");
      await beside.query("DROP FUNCTION refuse");
    },
  };
  return shape;
}
