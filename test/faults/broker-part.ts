import { join } from "node:path";
import { findNatsServer, startNatsServer } from "../../tools/nats-server.ts";
import { findFamily, signalAll } from "./process-table.ts";
import { findSteadyPort } from "./steady-port.ts";
import type { Part } from "./world.ts";

export interface BrokerPart extends Part {
  readonly port: number;
  readonly version: string;
  close(): Promise<void>;
}

/** A nats-server as Tidemark wants it, on a port and data of its own. */
export async function openBrokerPart(dir: string): Promise<BrokerPart> {
  const dataDir = join(dir, "nats");
  const port = await findSteadyPort();
  const server = await startNatsServer({ binary: await findNatsServer(), dataDir, port });
  const version = ((await (await fetch(`${server.monitorUrl}/varz`)).json()) as { version: string }).version;
  const signal = async (name: NodeJS.Signals) => {
    signalAll(await findFamily("nats-server", "--config", dataDir), name);
  };
  return {
    name: "nats",
    port,
    version,
    servicePid: () => undefined,
    start: () => server.restart(),
    kill: () => server.kill(),
    stop: () => server.kill(),
    freeze: () => signal("SIGSTOP"),
    thaw: () => signal("SIGCONT"),
    close: () => server.stop(),
  };
}
