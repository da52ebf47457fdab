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
  const binary = await findNatsServer();
  const [first, second, third] = [await findFreePort(), await findFreePort(), await findFreePort()];
  const proxy = await startTcpProxy(`nats://127.0.0.1:${third}`);
  onTestFinished(() => proxy.close());
  const start = async (name: string, port: number, routes: number[]) => {
    const cluster = { name, port, routes };
    const broker = await startNatsServer({ binary, dataDir: await createDataDir(), isTemporary: true, cluster });
    onTestFinished(() => broker.stop());
    return broker;
  };
  return {
    brokers: await Promise.all([
      start("first", first, [second, proxy.port]),
      start("second", second, [first, proxy.port]),
      start("third", third, [third]), // a cluster needs a route: this one leads to the broker itself
    ]),
    cutOffThird: () => proxy.refuse(),
    heal: () => proxy.heal(),
  };
}
