import { join } from "node:path";
import { findSteadyPort } from "@tidemark/programs/free-port";
import { findNatsServer, startNatsServer } from "@tidemark/programs/nats-server";
import type { Component } from "./deployment.ts";
import { findFamily, signalAll } from "./process-table.ts";

export interface BrokerComponent extends Component {
  readonly port: number;
  readonly version: string;
  /** Returns a lower bound of the number of repeated deliveries, from the counts of the broker. */
  countRedeliveries(): Promise<number>;
  close(): Promise<void>;
}

/** The fields of the monitor's report that are used here. */
interface JetstreamReport {
  account_details?: { stream_detail?: { consumer_detail?: { delivered: Delivered }[] }[] }[];
}

interface Delivered {
  /** The number of deliveries. */
  consumer_seq: number;
  /** The sequence of the last message delivered. One consumer takes all messages, so this is their number as well. */
  stream_seq: number;
}

/** Starts a nats-server with the settings that Tidemark needs, on its own port and data. */
export async function openBrokerComponent(dataDir: string): Promise<BrokerComponent> {
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
    // After a failed write, JetStream answers again only after a restart.
    async recover() {
      await server.kill();
      await server.restart();
    },
    async countRedeliveries() {
      const { account_details: accounts = [] } = (await ask("/jsz?consumers=true")) as JetstreamReport;
      const streams = accounts.flatMap(({ stream_detail: details = [] }) => details);
      const consumers = streams.flatMap(({ consumer_detail: details = [] }) => details);
      // A killed broker can lose its count of deliveries but not its stream position, so the difference can be
      // negative.
      return consumers.reduce(
        (sum, { delivered }) => sum + Math.max(0, delivered.consumer_seq - delivered.stream_seq),
        0,
      );
    },
    close: () => server.stop(),
  };
}
