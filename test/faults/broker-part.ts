import { join } from "node:path";
import { findNatsServer, startNatsServer } from "@tidemark/programs/nats-server";
import { findFamily, signalAll } from "./process-table.ts";
import { findSteadyPort } from "./steady-port.ts";
import type { Part } from "./world.ts";

export interface BrokerPart extends Part {
  readonly port: number;
  readonly version: string;
  /** Deliveries beyond the first of each frame, as the broker counts them. */
  /** At least so many. */
  countRedeliveries(): Promise<number>;
  close(): Promise<void>;
}

/** What the monitor says of the streams' consumers, as far as it matters here. */
interface JetstreamReport {
  account_details?: { stream_detail?: { consumer_detail?: { delivered: Delivered }[] }[] }[];
}

interface Delivered {
  /** Deliveries. */
  consumer_seq: number;
  /** The last message delivered: one consumer takes them all, so it is their number as well. */
  stream_seq: number;
}

/** A nats-server as Tidemark wants it, on a port and data of its own. */
export async function openBrokerPart(dataDir: string): Promise<BrokerPart> {
  const port = await findSteadyPort();
  const server = await startNatsServer({ binary: await findNatsServer(), dataDir: join(dataDir, "data"), port });
  const ask = async (path: string) => (await fetch(`${server.monitorUrl}${path}`)).json();
  const { version } = (await ask("/varz")) as { version: string };
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
    // A JetStream that could not write answers again only after a restart.
    async recover() {
      await server.kill();
      await server.restart();
    },
    async countRedeliveries() {
      const { account_details: accounts = [] } = (await ask("/jsz?consumers=true")) as JetstreamReport;
      const streams = accounts.flatMap(({ stream_detail: details = [] }) => details);
      const consumers = streams.flatMap(({ consumer_detail: details = [] }) => details);
      // A broker that was killed may have forgotten deliveries, and knows from the messages that are gone how far it was.
      return consumers.reduce(
        (sum, { delivered }) => sum + Math.max(0, delivered.consumer_seq - delivered.stream_seq),
        0,
      );
    },
    close: () => server.stop(),
  };
}
