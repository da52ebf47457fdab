import { findFreePort } from "@tidemark/programs/free-port";
import { findNatsServer, type NatsServer, startNatsServer } from "@tidemark/programs/nats-server";
import { onTestFinished } from "vitest";
import { createDataDir } from "../infrastructure/programs.ts";
import { startTcpProxy } from "./tcp-proxy.ts";

/** Three brokers of one test that replicate their streams. They are always programs, never containers. */
export interface NatsCluster {
  brokers: [NatsServer, NatsServer, NatsServer];
  /** Cuts the third broker off from the two others. Its clients stay connected to it. */
  cutOffThird(): void;
  /** Lets the third broker find the two others again. */
  heal(): void;
}

export async function startOwnCluster(): Promise<NatsCluster> {
  const { proxies, starts } = await prepareBrokers();
  const [first, second, third] = starts;
  return {
    brokers: await Promise.all([first(), second(), third()]),
    cutOffThird: () => {
      for (const proxy of proxies) proxy.refuse();
    },
    heal: () => {
      for (const proxy of proxies) proxy.heal();
    },
  };
}

/** Starts the first two brokers of a cluster of three. */
export async function startOwnClusterInPart(): Promise<{ url: string; startThird(): Promise<NatsServer> }> {
  const [first, second, third] = (await prepareBrokers()).starts;
  const [{ url }] = await Promise.all([first(), second()]);
  return { url, startThird: third };
}

async function prepareBrokers() {
  const binary = await findNatsServer();
  const [first, second, third] = [await findFreePort(), await findFreePort(), await findFreePort()];
  // Each broker needs routes to both others: one that knows fewer may take itself for a whole cluster, and elect itself.
  const proxies = await Promise.all([first, second, third].map((port) => startTcpProxy(`nats://127.0.0.1:${port}`)));
  for (const proxy of proxies) onTestFinished(() => proxy.close());
  const [toFirst = 0, toSecond = 0, toThird = 0] = proxies.map(({ port }) => port);
  const start = async (name: string, port: number, routes: number[]) => {
    const cluster = { name, port, routes };
    const broker = await startNatsServer({ binary, dataDir: await createDataDir(), isTemporary: true, cluster });
    onTestFinished(() => broker.stop());
    return broker;
  };
  const starts = [
    () => start("first", first, [second, toThird]),
    () => start("second", second, [first, toThird]),
    () => start("third", third, [toFirst, toSecond]),
  ] as const;
  return { proxies, starts };
}
