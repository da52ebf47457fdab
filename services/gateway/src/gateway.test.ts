import { once } from "node:events";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { countEvents } from "@tidemark/domain/frame";
import { decodeReceipt } from "@tidemark/domain/receipt";
import { createSigner } from "@tidemark/domain/signer";
import type { Delivery } from "@tidemark/event-log/event-log";
import { createMemoryEventLog } from "@tidemark/event-log/memory-event-log";
import { createMemorySignals } from "@tidemark/event-log/memory-signals";
import { createHttpServer } from "@tidemark/runtime/http-server";
import { createLogger } from "@tidemark/telemetry/logger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type GatewayOptions, registerGateway } from "./gateway.ts";

const ROOM = { maxEvents: 100, maxBytes: 1_000_000 };
const MAX_BODY_BYTES = 20_000;

const event = (id: string, fields: object = {}) => ({
  topic: "t",
  event_id: id,
  timestamp: "2025-10-23T10:00:00Z",
  source: "s",
  payload: {},
  ...fields,
});

const signer = createSigner(["a signing key that has at least 32 characters"]);

function openGateway(options: Partial<GatewayOptions> = {}) {
  const log = createMemoryEventLog({ maxEvents: 10, maxBytes: 1_000_000 });
  const signals = createMemorySignals();
  const server = createHttpServer({ logger: createLogger({ service: "test", level: "silent" }) });
  registerGateway(server, {
    eventLog: log,
    signals,
    signer,
    maxBatchEvents: 10,
    maxBodyBytes: MAX_BODY_BYTES,
    publishWaitMs: 60_000,
    closeWaitMs: 60_000,
    onVerdictTimeout: "receipt",
    ...options,
  });
  const publish = (body: unknown, headers: Record<string, string> = {}) =>
    server.inject({
      method: "POST",
      url: "/publish",
      headers: { "content-type": "application/json", ...headers },
      payload: typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    });
  const connectClient = async () => {
    const address = server.server.listening
      ? server.listeningOrigin
      : await server.listen({ port: 0, host: "127.0.0.1" });
    return connect(Number(new URL(address).port), "127.0.0.1").on("error", () => undefined);
  };
  return { log, signals, server, publish, connectClient };
}

function requestText(body: string): string {
  const headers = [
    "Host: localhost",
    "Content-Type: application/json",
    "Prefer: wait=60",
    `Content-Length: ${body.length}`,
  ];
  return `POST /publish HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n${body}`;
}

describe("POST /publish", () => {
  let gateway: ReturnType<typeof openGateway>;
  let opened: ReturnType<typeof openGateway>[];

  const open = (options: Partial<GatewayOptions> = {}) => {
    gateway = openGateway(options);
    opened.push(gateway);
    return gateway;
  };
  const nextFrame = async () => {
    const [delivery] = await gateway.log.take({ maxEvents: 1, maxBytes: 1 });
    return delivery as Delivery;
  };
  const sendVerdicts = ({ frame, ack }: Delivery, verdicts: string) => {
    gateway.signals.sendVerdicts(frame.replyTo as string, { frameId: frame.id, verdicts });
    ack();
  };

  beforeEach(() => {
    opened = [];
    open();
  });
  afterEach(async () => {
    for (const { log, server } of opened) {
      await log.close();
      await server.close();
    }
  });

  it("a publish with a parameter in its address is refused, and nothing of it is taken", async () => {
    const { server, log } = gateway;
    const answer = await server.inject({ method: "POST", url: "/publish?api_key=x", payload: event("1") });
    expect([answer.statusCode, answer.json().code]).toEqual([400, "invalid_parameter"]);
    expect((await log.snapshot()).frames).toBe(0);
  });

  it("a publish is answered with the store's verdicts", async () => {
    const answer = gateway.publish({ events: [event("1"), event("2"), event("2"), event("3")] });
    sendVerdicts(await nextFrame(), "ssdc");
    const { statusCode, headers, body } = await answer;
    expect(statusCode).toBe(200);
    expect(headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(JSON.parse(body)).toEqual({
      received: 4,
      accepted: 2,
      duplicates: 2,
      conflicts: 1,
      message: "Received 4 events, accepted 2, dropped 2 duplicates",
    });
  });

  it("each request of a frame is answered with its own verdicts", async () => {
    const answers = [[event("1")], [event("2"), event("3")], [event("4")]].map((body) => gateway.publish(body));
    const delivery = await nextFrame();
    expect(delivery.frame.requests).toEqual([1, 2, 1]);
    sendVerdicts(delivery, "sdsd");
    const bodies = (await Promise.all(answers)).map(({ body }) => JSON.parse(body));
    expect(bodies.map(({ accepted, duplicates }) => [accepted, duplicates])).toEqual([
      [1, 0],
      [1, 1],
      [0, 1],
    ]);
  });

  it("a publish is answered 202 with a receipt when its verdicts do not arrive in time", async () => {
    const { statusCode, headers, body } = await open({ publishWaitMs: 1 }).publish([event("1"), event("2")]);
    expect(statusCode).toBe(202);
    expect(JSON.parse(body)).toMatchObject({ received: 2, accepted: 0, duplicates: 0, pending: 2 });
    const { frame } = await nextFrame();
    const id = /^receipts\/(.+)$/.exec(String(headers.location))?.[1] ?? "";
    expect(decodeReceipt(id, signer)).toMatchObject({ frameId: frame.id, firstEvent: 0, count: 2 });
  });

  it("a publish is answered at once when it asks for that, or when the store is known to be down", async () => {
    const asked = await gateway.publish(event("1"), { prefer: "respond-async" });
    expect(asked.statusCode).toBe(202);
    expect(asked.headers["preference-applied"]).toBe("respond-async");
    gateway.signals.sendHeartbeat({ consumerId: "a", isStoreUp: false, lagMs: 0 });
    expect((await gateway.publish(event("2"))).statusCode).toBe(202);
    const waiting = await gateway.publish(event("3"), { prefer: "wait=30" });
    expect([waiting.statusCode, waiting.headers["preference-applied"]]).toEqual([202, undefined]);
  });

  it("a publish waits as long as it asks for", async () => {
    const { statusCode, headers } = await gateway.publish(event("1"), { prefer: "wait=0" });
    expect([statusCode, headers["preference-applied"]]).toEqual([202, "wait=0"]);
  });

  it("a request that asked for a long wait is answered before the server stops", async () => {
    const answer = gateway.publish(event("1"), { prefer: "wait=60" });
    const delivery = await nextFrame();
    const closed = gateway.server.close();
    sendVerdicts(delivery, "s");
    expect((await answer).statusCode).toBe(200);
    await closed;
  });

  it("a publish to a log in memory is never answered 202", async () => {
    open({ publishWaitMs: 1, onVerdictTimeout: "unknown" });
    const { statusCode, headers, body } = await gateway.publish(event("1"), { prefer: "respond-async, wait=0" });
    expect(statusCode).toBe(503);
    expect(headers["preference-applied"]).toBeUndefined();
    expect(headers["retry-after"]).toMatch(/^[12]$/);
    expect(JSON.parse(body)).toMatchObject({ status: 503, code: "outcome_unknown" });
  });

  it("a request that does not fit into a full log is refused whole", async () => {
    gateway.signals.sendHeartbeat({ consumerId: "a", isStoreUp: true, lagMs: 0 });
    const answers = [gateway.publish(Array(8).fill(event("1"))), gateway.publish(event("2"), { prefer: "wait=0" })];
    await answers[1];
    const refused = await gateway.publish([event("3"), event("4")]);
    expect(refused.statusCode).toBe(503);
    expect(refused.headers["retry-after"]).toMatch(/^[12]$/);
    expect(JSON.parse(refused.body)).toMatchObject({ code: "queue_full" });
    expect(await gateway.log.snapshot()).toMatchObject({ events: 9 });
    const [first, second] = (await gateway.log.take(ROOM)) as Delivery[];
    sendVerdicts(first as Delivery, first?.frame && countEvents(first.frame) === 9 ? "sdddddddds" : "sddddddd");
    if (second) sendVerdicts(second, "s");
    expect((await answers[0])?.statusCode).toBe(200);
  });

  describe("bytes in flight", () => {
    const LARGE_BODY_BYTES = 8_000_000; // eight of them and no more are in flight
    const largeBody = (id: string) => JSON.stringify([event(id)]).padEnd(LARGE_BODY_BYTES);
    const openLarge = () => open({ maxBodyBytes: LARGE_BODY_BYTES, publishWaitMs: 0 });

    it("bytes in flight are given back when the request is answered", async () => {
      const { publish } = openLarge();
      for (let round = 0; round < 9; round++) {
        expect((await publish(largeBody("1"))).statusCode).toBe(202);
        (await nextFrame()).ack();
      }
    });

    it("bytes in flight are given back when the request is refused", async () => {
      const { publish } = openLarge();
      for (let round = 0; round < 9; round++) expect((await publish(largeBody(""))).statusCode).toBe(422);
    });

    it("bytes in flight are given back after a client left without waiting for its answers", async () => {
      const { publish, connectClient } = openLarge();
      for (let round = 0; round < 9; round++) {
        const client = await connectClient();
        client.write(requestText(JSON.stringify(event("1"))) + requestText(largeBody("2")));
        const deliveries = [await nextFrame(), await nextFrame()];
        client.destroy();
        for (const delivery of deliveries) sendVerdicts(delivery, "s");
      }
      expect((await publish(largeBody("3"))).statusCode).toBe(202);
    });

    it("bytes in flight are given back after a client left in the middle of its body", async () => {
      const { publish, connectClient } = openLarge();
      for (let round = 0; round < 9; round++) {
        const client = await connectClient();
        await new Promise((resolve) => client.write(requestText(largeBody("1")).slice(0, -1), resolve));
        client.destroy();
      }
      await expect.poll(async () => (await publish(largeBody("2"))).statusCode).toBe(202);
    });
  });

  describe("a client with a limit of one event and 1,000 bytes a second", () => {
    const openLimited = () => open({ rateLimits: { eventsPerSecond: 1, bytesPerSecond: 1_000 }, publishWaitMs: 1 });
    const events = (count: number) => Array.from({ length: count }, (_, index) => event(`${index}`));

    it("a client that sends more events is refused whole, and told when to come back", async () => {
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

    it("a compressed body counts with its bytes after decompression", async () => {
      const { publish } = openLimited();
      const body = gzipSync(JSON.stringify(event("1", { payload: { text: "x".repeat(15_000) } })));
      const send = () => publish(body, { "content-encoding": "gzip" });
      expect((await send()).headers.ratelimit).toContain('"bytes";r=0;t=16');
      expect((await send()).json()).toMatchObject({ code: "rate_limited", detail: expect.stringContaining("bytes") });
    });

    it("a body that is not JSON counts as well", async () => {
      const { publish } = openLimited();
      expect((await publish("x".repeat(15_000))).statusCode).toBe(400);
      expect((await publish(event("1"))).statusCode).toBe(429);
    });
  });

  it("a body is dropped if its client has left by the time it is validated", async () => {
    gateway.server.addHook("onRequest", async ({ raw }) => {
      if (raw.url === "/publish?leave") raw.once("end", () => raw.socket.destroy());
    });
    const client = await gateway.connectClient();
    client.write(requestText(JSON.stringify(event("1"))).replace("/publish", "/publish?leave"));
    await once(client, "close");
    void gateway.publish(event("2"));
    const delivery = await nextFrame();
    sendVerdicts(delivery, "s");
    expect(JSON.parse(String(delivery.frame.events))).toEqual([event("2")]);
  });

  it("a request with one invalid event is refused whole", async () => {
    const { statusCode, headers, body } = await gateway.publish([event("1"), event("")]);
    expect(statusCode).toBe(422);
    expect(headers["content-type"]).toBe("application/problem+json; charset=utf-8");
    expect(JSON.parse(body)).toMatchObject({
      title: "Unprocessable Entity",
      status: 422,
      code: "invalid_event",
      errors: [{ pointer: "/1/event_id", detail: "must not be empty" }],
      errors_total: 1,
    });
    expect(await gateway.log.snapshot()).toMatchObject({ events: 0 });
  });

  it.each([
    ["{", {}, 400, "malformed_json"],
    ["", {}, 400, "malformed_json"],
    ["[]", {}, 422, "empty_batch"],
    [JSON.stringify(Array(11).fill(event("1"))), {}, 422, "batch_too_large"],
    [" ".repeat(MAX_BODY_BYTES + 1), {}, 413, "body_too_large"],
    ["{}", { "content-type": "text/plain" }, 415, "unsupported_media_type"],
    ["{}", { "content-type": "" }, 415, "unsupported_media_type"],
    ["{}", { "content-encoding": "gzip" }, 400, "malformed_encoding"],
    ["{}", { "content-encoding": "deflate" }, 415, "unsupported_encoding"],
  ])("the body %.20j with the headers %j is refused with %i %s", async (body, headers, status, code) => {
    const { statusCode, body: problem } = await gateway.publish(body, headers as Record<string, string>);
    expect([statusCode, JSON.parse(problem)]).toEqual([status, expect.objectContaining({ status, code })]);
  });

  it("the refusal of a body without a declared length names the size limit", async () => {
    const { statusCode, body } = await gateway.server.inject({
      method: "POST",
      url: "/publish",
      headers: { "content-type": "application/json" },
      payload: Readable.from([Buffer.alloc(MAX_BODY_BYTES, " "), Buffer.from("x")]),
    });
    expect(statusCode).toBe(413);
    expect(JSON.parse(body).detail).toContain(String(MAX_BODY_BYTES));
  });

  it("the refusal of another method names the allowed one", async () => {
    const { statusCode, headers } = await gateway.server.inject({ method: "GET", url: "/publish" });
    expect([statusCode, headers.allow]).toEqual([405, "POST"]);
  });
});
