import { NatsContainer } from "@testcontainers/nats";
import { findFreePort } from "@tidemark/programs/free-port";
import { findNatsServer, localNatsUrl, startNatsServer } from "@tidemark/programs/nats-server";
import { getContainerRuntimeClient } from "testcontainers";
import { configureNats, hasContainers, NATS_IMAGE } from "../infrastructure/containers.ts";
import { createDataDir } from "../infrastructure/programs.ts";

/**
 * A broker of one test, which can be killed. The shared broker cannot be, because other test files use it at the same
 * time.
 */
export interface Broker {
  /** With the credentials of the administrator. */
  url: string;
  /** The URL of its monitor, which answers `/varz`. */
  monitorUrl: string;
  /** Ends the process like `kill -9`. */
  kill(): Promise<void>;
  /** Starts the broker again after `kill`, with the same address and the same data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface BrokerOptions {
  /** Default: `always`. */
  syncInterval?: string;
}

export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  if (await hasContainers()) return startBrokerContainer(options);
  const binary = await findNatsServer();
  return startNatsServer({ binary, dataDir: await createDataDir(), isTemporary: true, ...options });
}

async function startBrokerContainer(options: BrokerOptions): Promise<Broker> {
  // Ports that Docker chooses change when the container restarts.
  const [port, monitorPort] = [await findFreePort(), await findFreePort()];
  const container = await configureNats(new NatsContainer(NATS_IMAGE), options)
    .withExposedPorts({ container: 4222, host: port }, { container: 8222, host: monitorPort })
    .start();
  const runtime = await getContainerRuntimeClient();
  const handle = runtime.container.getById(container.getId());
  return {
    url: localNatsUrl(container.getHost(), port),
    monitorUrl: `http://${container.getHost()}:${monitorPort}`,
    kill: async () => void (await handle.kill({ signal: "SIGKILL" })),
    restart: async () => void (await handle.start()),
    stop: async () => void (await container.stop()),
  };
}
