import { CREATE_LOCAL_ROLES } from "@tidemark/programs/postgres-roles";
import type { TestProject } from "vitest/node";
import { changeDatabase } from "../databases/postgres-database.ts";
import { type Allowed, hasContainers, readAllowed, startNatsContainer, startPostgresContainer } from "./containers.ts";
import { type Started, startNatsProgram, startPostgresProgram } from "./programs.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A PostgreSQL database whose user may create further databases. */
    databaseUrl: string;
    /** A nats-server with JetStream. All test files share it, so each creates its own streams. */
    natsUrl: string;
  }
}

/**
 * Provides PostgreSQL and NATS to the integration tests. Each of the two comes from the first source that works: the URL
 * in the environment (`DATABASE_URL`, `NATS_URL`), a container, a program on this machine. If none works the run fails,
 * because a missing server never skips a test. `TIDEMARK_TEST_INFRASTRUCTURE` allows `docker` or `local` (programs) only.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const allowed = readAllowed();
  const containers = hasContainers();
  const starts = await Promise.allSettled([
    provide({
      url: process.env.DATABASE_URL,
      variable: "DATABASE_URL",
      allowed,
      containers,
      startContainer: startPostgresContainer,
      startProgram: startPostgresProgram,
    }),
    provide({
      url: process.env.NATS_URL,
      variable: "NATS_URL",
      allowed,
      containers,
      startContainer: startNatsContainer,
      startProgram: startNatsProgram,
    }),
  ]);
  const stopAll = async () => {
    await Promise.all(starts.map((start) => (start.status === "fulfilled" ? start.value.stop() : undefined)));
  };
  const [postgres, nats] = starts;
  if (postgres.status === "rejected" || nats.status === "rejected") {
    await stopAll();
    const reasons = starts.flatMap((start) => (start.status === "rejected" ? [start.reason.message] : []));
    throw new Error(`The integration tests need PostgreSQL and NATS.\n${reasons.join("\n")}`);
  }
  process.stderr.write(`PostgreSQL: ${postgres.value.from}; NATS: ${nats.value.from}\n`);
  await changeDatabase(postgres.value.url, CREATE_LOCAL_ROLES);
  project.provide("databaseUrl", postgres.value.url);
  project.provide("natsUrl", nats.value.url);
  return stopAll;
}

interface ServerSources {
  url: string | undefined;
  variable: string;
  allowed: Allowed;
  containers: Promise<boolean>;
  startContainer: () => Promise<Started>;
  startProgram: () => Promise<Started>;
}

async function provide({
  url,
  variable,
  allowed,
  containers,
  startContainer,
  startProgram,
}: ServerSources): Promise<Started> {
  if (url) return { url, from: variable, stop: async () => {} };
  if (allowed === "docker") return startContainer();
  if (await containers) {
    try {
      return await startContainer();
    } catch (error) {
      process.stderr.write(`${(error as Error).message}\nno container, trying programs of this machine\n`);
    }
  }
  return startProgram();
}
