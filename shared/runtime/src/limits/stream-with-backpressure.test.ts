import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { streamWithBackpressure } from "./stream-with-backpressure.ts";

/** Sends chunks of 8 MB to a client that reads only when the test tells it to. */
async function openAnswer(maxStallMs?: number) {
  const stop = new AbortController();
  const counts = { read: 0, released: 0 };
  async function* chunks() {
    while (counts.read < 3 && !stop.signal.aborted) {
      counts.read++;
      yield { bytes: Buffer.alloc(8_000_000), release: () => counts.released++ };
    }
  }
  const server = createServer((_, response) => {
    response.once("close", () => stop.abort());
    const options = { response, stop: stop.signal, maxStallMs };
    streamWithBackpressure(chunks(), options)
      .on("error", () => {})
      .pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const sent = request({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, agent: false }).end();
  sent.on("error", () => {});
  onTestFinished(() => void sent.destroy());
  const [response] = await once(sent, "response");
  return { counts, response, sent };
}

test("a chunk is requested only once the socket has the previous one, and each chunk is released", async () => {
  const { counts, response } = await openAnswer();
  await once(response, "readable"); // the client has the part of the first chunk that the connection holds
  for (let turn = 0; turn < 100; turn++) await setImmediate(); // enough time to request the next chunk
  expect(counts).toEqual({ read: 1, released: 0 });
  response.resume();
  await once(response, "end");
  expect(counts).toEqual({ read: 3, released: 3 });
});

test("the chunk of a client that has gone is released", async () => {
  const { counts, sent } = await openAnswer();
  sent.destroy();
  await vi.waitFor(() => expect(counts.released).toBe(counts.read));
  expect(counts.read).toBeLessThan(3);
});

test("a client that stalls is disconnected, and its chunk is released", async () => {
  const { counts, response } = await openAnswer(50);
  response.on("error", () => {});
  await vi.waitFor(() => expect(counts).toEqual({ read: 1, released: 1 }));
});
