import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { findUnreachable } from "./reach.ts";

/** Starts a server that ends each connection without an answer. */
async function startSilentServer() {
  const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/publish`);
  const close = async () => void (await once(server.close(), "close"));
  return { url, close };
}

test("a service that takes a connection is reached, even if it gives no answer", async () => {
  const { url, close } = await startSilentServer();

  const unreachable = await findUnreachable({ url, timeoutMs: 0, signal: new AbortController().signal });

  expect(unreachable).toBeUndefined();
  await close();
});

test("an interruption is not taken for a service that refuses its connections", async () => {
  const { url, close } = await startSilentServer();
  await close(); // no service uses its port now

  const refused = await findUnreachable({ url, timeoutMs: 0, signal: new AbortController().signal });
  const interrupted = await findUnreachable({ url, timeoutMs: 0, signal: AbortSignal.abort() });

  expect([refused, interrupted]).toEqual(["ECONNREFUSED", undefined]);
});
