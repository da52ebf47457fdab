import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { findFreePort, findSteadyPort, isFree } from "./free-port.ts";

test("free ports are below those of outgoing connections, and apart from those of servers that are down at times", async () => {
  for (let i = 0; i < 200; i++) {
    const [free, steady] = [await findFreePort(), await findSteadyPort()];
    expect([free >= 10_000, free < 20_000]).toEqual([true, true]);
    expect([steady >= 20_000, steady < 30_000]).toEqual([true, true]);
  }
});

test("a port that a server listens on is not free", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { port: taken } = server.address() as AddressInfo;

  expect(await isFree(taken)).toBe(false);
});
