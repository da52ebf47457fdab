import { randomUUID } from "node:crypto";
import pg from "pg";

export interface TestDatabase {
  url: string;
  /** Disconnects every session and drops the database. */
  drop(): Promise<void>;
}

/** Creates an empty database on the server of `serverUrl`. */
export async function createDatabase(serverUrl: string): Promise<TestDatabase> {
  const name = `tidemark_${randomUUID().replaceAll("-", "")}`;
  await changeDatabase(serverUrl, `CREATE DATABASE ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { url: url.toString(), drop: () => changeDatabase(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

/** Runs a statement on a new connection. */
export async function changeDatabase(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
