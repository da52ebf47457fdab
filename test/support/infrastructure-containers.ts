import { NatsContainer } from "@testcontainers/nats";
import { PostgreSqlContainer } from "@testcontainers/postgresql";
import { getContainerRuntimeClient } from "testcontainers";
import { natsConf } from "../../tools/nats-server.ts";
import type { Started } from "./infrastructure-programs.ts";

/** The images of docker-compose.yml. */
const POSTGRES_IMAGE = "postgres:18-alpine";
const NATS_IMAGE = "nats:2.15-alpine";
const CONF_FILE = "/etc/nats/tidemark.conf";

/** Whether a container engine answers. */
export async function hasContainers(): Promise<boolean> {
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

export async function startNatsContainer(): Promise<Started> {
  const content = natsConf({ storeDir: "/data", listen: "0.0.0.0:4222", http: "0.0.0.0:8222" });
  const container = await new NatsContainer(NATS_IMAGE)
    .withCopyContentToContainer([{ content, target: CONF_FILE }])
    .withArg("config", CONF_FILE)
    .start();
  return {
    url: `nats://test:test@${container.getHost()}:${container.getMappedPort(4222)}`,
    from: `container ${NATS_IMAGE}`,
    stop: async () => void (await container.stop()),
  };
}
