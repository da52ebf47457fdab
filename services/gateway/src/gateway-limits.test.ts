import { once } from "node:events";
import { gzipSync } from "node:zlib";
import { countEvents } from "@tidemark/domain/frame";
import { describe, expect, test } from "vitest";
import { event, openGateway, requestText } from "./gateway-fixture.ts";

describe("bytes in flight", () => {
  const LARGE_BODY_BYTES = 8_000_000; // at most eight of them are in flight
  const largeBody = (id: string) => JSON.stringify([event(id)]).padEnd(LARGE_BODY_BYTES);
  const openLarge = () => openGateway({ maxBodyBytes: LARGE_BODY_BYTES, publishWaitMs: 0 });

  test("bytes in flight are given back when the request is answered", async () => {
    const { publish, nextFrame } = openLarge();
    for (let round = 0; round < 9; round++) {
      expect((await publish(largeBody("1"))).statusCode).toBe(202);
      (await nextFrame()).ack();
    }
  });

  test("bytes in flight are given back when the request is refused", async () => {
    const { publish } = openLarge();
    for (let round = 0; round < 9; round++) expect((await publish(largeBody(""))).statusCode).toBe(422);
  });

  test("bytes in flight are given back after a client left without waiting for its answers", async () => {
    const { publish, connectClient, nextFrame, sendVerdicts } = openLarge();
    for (let round = 0; round < 9; round++) {
      const client = await connectClient();
      client.write(requestText(JSON.stringify(event("1"))) + requestText(largeBody("2")));
      const deliveries = [await nextFrame(), await nextFrame()];
      client.destroy();
      for (const delivery of deliveries) sendVerdicts(delivery, "s");
    }
    expect((await publish(largeBody("3"))).statusCode).toBe(202);
  });

  test("bytes in flight are given back after a client left in the middle of its body", async () => {
    const { publish, connectClient } = openLarge();
    for (let round = 0; round < 9; round++) {
      const client = await connectClient();
      await new Promise((resolve) => client.write(requestText(largeBody("1")).slice(0, -1), resolve));
      client.destroy();
    }
    await expect.poll(async () => (await publish(largeBody("2"))).statusCode).toBe(202);
  });

  test("a small body is taken while slow senders of large ones hold all room", async () => {
    const shareBytes = 32 * 1024 * 1024;
    const { publish, connectClient } = openGateway({ maxBodyBytes: shareBytes / 4, publishWaitMs: 0 });
    const body = JSON.stringify([event("1")]).padEnd(shareBytes / 4);
    const senders = await Promise.all(Array.from({ length: 4 }, () => connectClient()));
    for (const sender of senders) sender.write(requestText(body).slice(0, -1));
    const other = `[${JSON.stringify(event("2"))}]`.padEnd(100_000); // not small
    await expect.poll(async () => (await publish(other)).statusCode, { timeout: 20_000 }).toBe(503);
    expect((await publish(event("3"))).statusCode).toBe(202);
    for (const sender of senders) sender.destroy();
  });

  test("small bodies take room of the others when a client holds all the room for small ones", async () => {
    const smallBytes = 64 * 1024;
    const { publish, nextFrame } = openGateway({ maxBodyBytes: smallBytes, closeWaitMs: 0 });
    // 70 requests that wait for their verdicts: 4.4 MiB, of which a client's room for small bodies has 4.
    const bodies = Array.from({ length: 70 }, (_, id) => JSON.stringify(event(`${id}`)).padEnd(smallBytes));
    const firstAnswer = Promise.race(bodies.map(async (body) => (await publish(body)).statusCode));
    const takeAll = async () => {
      for (let taken = 0; taken < bodies.length; ) {
        const { frame, ack } = await nextFrame();
        taken += countEvents(frame);
        ack();
      }
      return "all taken";
    };

    expect(await Promise.race([takeAll(), firstAnswer])).toBe("all taken");
  });
});

describe("a client with a limit of one event and 1,000 bytes a second", () => {
  const openLimited = () =>
    openGateway({ rateLimits: { eventsPerSecond: 1, bytesPerSecond: 1_000 }, publishWaitMs: 1 });
  const events = (count: number) => Array.from({ length: count }, (_, index) => event(`${index}`));

  test("a request over the limit of its client is refused as a whole, with Retry-After", async () => {
    const { publish, log } = openLimited();
    const taken = await publish(events(10));
    expect(taken.statusCode).toBe(202);
    expect(taken.headers["ratelimit-policy"]).toBe(
      '"events";q=10;qu="events";w=10, "bytes";q=10000;qu="content-bytes";w=10',
    );
    expect(taken.headers.ratelimit).toMatch(/^"events";r=0;t=10, "bytes";r=\d{4};t=1$/);

    const refused = await publish(events(9));
    expect([refused.statusCode, refused.json().code]).toEqual([429, "rate_limited"]);
    expect(refused.headers["retry-after"]).toMatch(/^\d+$/);
    expect(refused.headers.ratelimit).toContain('"events";r=0;');
    expect(await log.snapshot()).toMatchObject({ events: 10 });
  });

  test("a compressed body counts with its bytes after decompression", async () => {
    const { publish } = openLimited();
    const body = gzipSync(JSON.stringify(event("1", { payload: { text: "x".repeat(15_000) } })));
    const send = () => publish(body, { "content-encoding": "gzip" });
    expect((await send()).headers.ratelimit).toContain('"bytes";r=0;t=16');
    expect((await send()).json()).toMatchObject({ code: "rate_limited", detail: expect.stringContaining("bytes") });
  });

  test("a body that is not JSON counts as well", async () => {
    const { publish } = openLimited();
    expect((await publish("x".repeat(15_000))).statusCode).toBe(400);
    expect((await publish(event("1"))).statusCode).toBe(429);
  });
});

test("a body is dropped if its client has left by the time it is validated", async () => {
  const gateway = openGateway();
  gateway.server.addHook("onRequest", async ({ raw }) => {
    if (raw.headers["x-leaves"] !== undefined) raw.once("end", () => raw.socket.destroy());
  });
  const client = await gateway.connectClient();
  client.write(requestText(JSON.stringify(event("1"))).replace("Host:", "X-Leaves: 1\r\nHost:"));
  await once(client, "close");
  void gateway.publish(event("2"));
  const delivery = await gateway.nextFrame();
  gateway.sendVerdicts(delivery, "s");
  expect(JSON.parse(String(delivery.frame.events))).toEqual([event("2")]);
});
