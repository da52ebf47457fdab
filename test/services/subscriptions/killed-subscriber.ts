import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { waitFor } from "@tidemark/test-support/wait-for";
import pg from "pg";
import { onTestFinished } from "vitest";

export interface KilledSubscriberOptions {
  program: URL;
  environment: Record<string, string>;
  /** The database of the subscriber, which has a table `work` with a row for each event that it has processed. */
  databaseUrl: string;
  /** The number of distinct events after which the subscriber is done. */
  events: number;
  timeoutMs: number;
}

export interface KilledSubscriber {
  /** Resolves to the number of kills when the subscriber has processed every event. */
  done: Promise<number>;
  /** Counts the rows that it has written. */
  count(): Promise<number>;
  /** Reads the ids of the events in the order in which it has processed them. */
  readIds(): Promise<string[]>;
}

const STOP_WITH_PARENT = fileURLToPath(new URL("../../../tools/programs/stop-with-parent.ts", import.meta.url));

/** Rows between two kills. They are no multiple of a page, so that kills fall into every part of the loop. */
const ROWS_PER_LIFE = [1, 7_001, 12_503, 2_501, 9_999, 15_007];

/** Starts a subscriber, and again after each end. Kills it as `kill -9` does, each time it has written some more rows. */
export async function startKilledSubscriber(options: KilledSubscriberOptions): Promise<KilledSubscriber> {
  const { program, environment, databaseUrl, events, timeoutMs } = options;
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  onTestFinished(() => database.end());
  const read = async (sql: string) => {
    const { rows } = await database.query("SELECT to_regclass('work') IS NOT NULL AS is_there");
    return rows[0].is_there ? (await database.query({ text: sql, rowMode: "array" })).rows.flat() : [];
  };
  const count = async () => Number((await read("SELECT count(*) FROM work"))[0] ?? 0);
  const isDone = async () => Number((await read("SELECT count(DISTINCT event_id) FROM work"))[0]) === events;

  let errors = "";
  const live = async (rows: number) => {
    const child = fork(program, {
      env: { ...process.env, ...environment, DATABASE_URL: databaseUrl },
      execArgv: ["--import", STOP_WITH_PARENT],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    const ended = once(child, "close");
    child.stderr?.on("data", (chunk) => {
      errors = `${errors}${chunk}`.slice(-2_000);
    });
    const goal = (await count()) + rows;
    const hasEnded = () => child.exitCode !== null;
    const isOver = async () => hasEnded() || (await count()) >= goal || (await isDone());
    await waitFor(`${rows} rows more, or the end`, isOver, { timeoutMs, intervalMs: 50 }).catch((error) => {
      throw new Error(`${error.message}; ${errors}`, { cause: error });
    });
    const isKilled = child.kill("SIGKILL");
    await ended;
    return isKilled ? 1 : 0;
  };
  const run = async () => {
    let kills = 0;
    for (let life = 0; !(await isDone()); life++)
      kills += await live(Number(ROWS_PER_LIFE[life % ROWS_PER_LIFE.length]));
    return kills;
  };
  return { done: run(), count, readIds: () => read("SELECT event_id FROM work ORDER BY id") };
}
