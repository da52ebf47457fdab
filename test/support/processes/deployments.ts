import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { onTestFinished } from "vitest";
import { changeTables } from "../databases/sqlite-tables.ts";
import { createOwnDatabase, startOwnBroker, startOwnService } from "./own-services.ts";
import type { ServiceProcess } from "./service-process.ts";

/** A running deployment of one test, whose store can be made to refuse events. */
export interface DeploymentUnderTest {
  /** The URL of the process that serves `POST /publish`. */
  publishUrl: string;
  /** The URL of the process that serves everything else. */
  readUrl: string;
  /** The process that writes to the store. */
  writer: ServiceProcess;
  /** Starts the writer again after it has ended. In single its URL changes. */
  restartWriter(): Promise<DeploymentUnderTest>;
  /** Lets the store refuse each event for which this SQL condition holds; `NEW` is the event's row. */
  refuse(condition: string): Promise<void>;
  /** Ends the refusal. */
  accept(): Promise<void>;
}

/** Opens a deployment whose services get these additional settings. */
export type OpenDeployment = (settings?: Record<string, string>) => Promise<DeploymentUnderTest>;

export async function openSingle(settings: Record<string, string> = {}): Promise<DeploymentUnderTest> {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const path = join(directory, "tidemark.db");
  const open = async (): Promise<DeploymentUnderTest> => {
    const writer = await startOwnService("single", { DATABASE_PATH: path, ...settings });
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

/**
 * It has its own broker, because the stream has a fixed name, and frames of other tests in it would be refused as well.
 */
export async function openStack(settings: Record<string, string> = {}): Promise<DeploymentUnderTest> {
  const [broker, database] = await Promise.all([startOwnBroker(), createOwnDatabase()]);
  const environment = { NATS_URL: broker.url, DATABASE_URL: database.url, ...settings };
  const writer = await startOwnService("consumer", environment);
  const [gateway, query] = await Promise.all([
    startOwnService("gateway", environment),
    startOwnService("query", environment),
  ]);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  onTestFinished(() => client.end());
  const deployment: DeploymentUnderTest = {
    publishUrl: gateway.url,
    readUrl: query.url,
    writer,
    restartWriter: async () => ({ ...deployment, writer: await startOwnService("consumer", environment) }),
    refuse: async (condition) => {
      await client.query(
        `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'refused by the test' USING ERRCODE = 'check_violation'; END $$`,
      );
      await client.query(
        `CREATE TRIGGER refusal BEFORE INSERT ON events FOR EACH ROW WHEN (${condition}) EXECUTE FUNCTION refuse()`,
      );
    },
    accept: async () => {
      await client.query("DROP TRIGGER refusal ON events");
      await client.query("DROP FUNCTION refuse");
    },
  };
  return deployment;
}
