import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { createLogger } from "@tidemark/telemetry/logger";
import { expect, onTestFinished, test, vi } from "vitest";
import { createHttpServer } from "../http-server.ts";

const LARGE = { text: "é".repeat(10_000_000) };

async function openServer(maxStallMs: number) {
  const server = createHttpServer({ logger: createLogger({ service: "test", level: "silent" }), maxStallMs });
  server.route({ method: ["GET", "POST"], url: "/large", config: { scope: "none" }, handler: () => LARGE });
  const onSend = async () => void server.server.emit("late");
  server.get("/late", { config: { scope: "none" }, onSend }, async (_request, reply) => {
    await once(reply.raw, "close");
    return LARGE;
  });
  onTestFinished(() => server.close());
  const port = Number(new URL(await server.listen({ host: "127.0.0.1", port: 0 })).port);
  const send = async (method = "GET") => {
    const sent = request({ host: "127.0.0.1", port, path: "/large", method, agent: false }).end();
    sent.on("error", () => undefined);
    onTestFinished(() => void sent.destroy());
    const [response] = await once(sent, "response");
    return response;
  };
  return { server, port, send };
}

test("a client that does not read its large answers gets no more, until it has closed those connections", async () => {
  const { server, send } = await openServer(30_000);
  const unread = [await send()]; // 20 MB of the 32 that one client may have
  const refused = await send();
  expect([refused.statusCode, refused.headers["retry-after"]]).toEqual([429, "5"]);
  expect(JSON.parse(await text(refused))).toMatchObject({ code: "too_many_answers" });
  const other = await server.inject({ url: "/large", remoteAddress: "192.0.2.1" });
  expect(other.statusCode).toBe(200);

  for (const response of unread) response.on("error", () => undefined).destroy();
  await vi.waitFor(async () => {
    const again = await send();
    expect((await text(again)).length).toBeGreaterThan(1_000_000);
  }, 30_000);
});

test("a large answer to a publish is not refused, because its events are already taken", async () => {
  const { send } = await openServer(30_000);
  const unread = [await send("POST"), await send("POST")]; // 40 MB
  expect(unread.map(({ statusCode }) => statusCode)).toEqual([200, 200]);
});

test("answers whose clients left before they were ready take no room from a client that stays", async () => {
  const { server, port, send } = await openServer(30_000);
  for (let left = 0; left < 2; left++) {
    const impatient = connect(port, "127.0.0.1").on("error", () => undefined);
    impatient.write("GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(server.server, "request");
    const answered = once(server.server, "late"); // the answer has requested its room by then
    impatient.destroy();
    await answered;
  }
  const response = await send();
  expect([response.statusCode, (await text(response)).length > 1_000_000]).toEqual([200, true]);
});

test("a large answer arrives whole, with its length", async () => {
  const { send } = await openServer(30_000);
  const expected = JSON.stringify(LARGE);
  const response = await send();
  expect(response.headers["content-length"]).toBe(`${Buffer.byteLength(expected)}`);
  expect((await text(response)) === expected).toBe(true);
  expect(await text(await send("HEAD"))).toBe("");
});

test("a client that takes nothing of a large answer is disconnected", async () => {
  const { server, send } = await openServer(100);
  const response = await send();
  response.on("error", () => undefined);
  const closed = new Promise((resolve) => response.once("close", resolve));
  const countConnections = () => new Promise((resolve) => server.server.getConnections((_, count) => resolve(count)));
  await vi.waitFor(async () => expect(await countConnections()).toBe(0), 15_000);
  response.resume();
  await closed;
  expect(response.complete).toBe(false);
});

test("a client that reads a large answer slowly is disconnected once the whole answer takes too long", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const { server, send } = await openServer(2_000_000); // so 20 MB may take 2,625 s
  const connected = once(server.server, "connection");
  const response: IncomingMessage = await send();
  response.on("error", () => undefined);
  const [served] = await connected;

  await vi.advanceTimersByTimeAsync(1_500_000);
  const written = served.bytesWritten;
  for (let bytes = 0; bytes < 4_000_000; ) {
    bytes += response.read()?.length ?? 0;
    await setImmediate();
  }
  await vi.waitFor(() => expect(served.bytesWritten).toBeGreaterThan(written));
  await vi.advanceTimersByTimeAsync(1_000_000);
  expect(served.destroyed).toBe(false); // the first piece would have taken 2,500 s
  await vi.advanceTimersByTimeAsync(200_000);
  expect(served.destroyed).toBe(true);
});
