import { NatsContainer } from "@testcontainers/nats";
import { PostgreSqlContainer } from "@testcontainers/postgresql";
import { localNatsUrl, natsConf } from "@tidemark/programs/nats-server";
import { getContainerRuntimeClient } from "testcontainers";
import type { Started } from "./programs.ts";

/** The images of docker-compose.yml. */
const POSTGRES_IMAGE = "postgres:18-alpine";
export const NATS_IMAGE = "nats:2.15-alpine";
const CONF_FILE = "/etc/nats/tidemark.conf";

/** The sources of servers that `TIDEMARK_TEST_INFRASTRUCTURE` allows: containers, programs of this machine, or both. */
export type Allowed = "docker" | "local" | "any";

export function readAllowed(choice = process.env.TIDEMARK_TEST_INFRASTRUCTURE): Allowed {
  if (!choice) return "any";
  if (choice === "docker" || choice === "local") return choice;
  throw new Error(`TIDEMARK_TEST_INFRASTRUCTURE is ${choice}; it may be docker or local`);
}

/** Whether containers are allowed, and a container engine answers. */
export async function hasContainers(): Promise<boolean> {
  if (readAllowed() === "local") return false;
  try {
    await getContainerRuntimeClient();
    return true;
  } catch {
    return false;
  }
}

export async function startPostgresContainer(): Promise<Started> {
  const container = await new PostgreSqlContainer(POSTGRES_IMAGE).withDatabase("tidemark").start();
  return {
    url: container.getConnectionUri(),
    from: `container ${POSTGRES_IMAGE}`,
    stop: async () => void (await container.stop()),
  };
}

/** Gives a NATS container the settings and the users of a local server. */
export function configureNats(
  container: NatsContainer,
  { syncInterval }: { syncInterval?: string } = {},
): NatsContainer {
  const content = natsConf({ storeDir: "/data", listen: "0.0.0.0:4222", http: "0.0.0.0:8222", syncInterval });
  return container.withCopyContentToContainer([{ content, target: CONF_FILE }]).withArg("config", CONF_FILE);
}

export async function startNatsContainer(): Promise<Started> {
  const container = await configureNats(new NatsContainer(NATS_IMAGE)).start();
  return {
    url: localNatsUrl(container.getHost(), container.getMappedPort(4222)),
    from: `container ${NATS_IMAGE}`,
    stop: async () => void (await container.stop()),
  };
}
