import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { InvalidInput, Unavailable } from "@tidemark/domain/errors";
import { captureLogger } from "@tidemark/telemetry/fixture/capture-logger";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { createHttpServer } from "../http-server.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const NAMES = { requestId: "order-7", traceId: TRACE };
const HEADERS = { "x-request-id": "order-7", traceparent: `00-${TRACE}-00f067aa0ba902b7-00` };
const OPEN = { config: { scope: "none" } } as const;

function openServer() {
  const { logger, lines } = captureLogger();
  const server = createHttpServer({ logger });
  onTestFinished(() => server.close());
  server.get("/invalid", OPEN, () => {
    throw new InvalidInput({ code: "invalid_parameter", status: 400, detail: "wrong" });
  });
  for (const url of ["/down", "/readyz"]) {
    server.get(url, OPEN, () => {
      throw new Unavailable({ code: "outcome_unknown", detail: "no answer" });
    });
  }
  server.get("/bug", OPEN, () => {
    throw new Error("a bug");
  });
  server.get("/told", OPEN, async ({ log }) => {
    log.info({ id: 1 }, "did the work");
    return {};
  });
  server.removeContentTypeParser("*");
  server.addContentTypeParser("*", (_request, _body, done) => done(null));
  server.post("/body", OPEN, ({ raw }) => text(raw));
  return { server, lines, about: () => lines.filter(({ msg }) => !msg.startsWith("Server listening")) };
}

/** Sends the head of a request whose body does not come. */
async function beginRequest(server: ReturnType<typeof openServer>["server"]): Promise<Socket> {
  const { port } = new URL(await server.listen({ port: 0, host: "127.0.0.1" }));
  const socket = connect({ port: Number(port), host: "127.0.0.1" });
  const head = Object.entries({ host: "localhost", "content-length": "10", ...HEADERS });
  const arrived = once(server.server, "request");
  socket.write(`POST /body HTTP/1.1\r\n${head.map((pair) => pair.join(": ")).join("\r\n")}\r\n\r\n{`);
  await arrived;
  return socket;
}

describe("the lines about a request", () => {
  afterEach(() => void vi.useRealTimers());

  it.each([
    ["/invalid?key=secret", "info", "refused a request", { path: "/invalid", status: 400, code: "invalid_parameter" }],
    ["/secret", "info", "refused a request", { status: 404, code: "not_found" }],
    ["/%zz-secret", "info", "refused a request", { status: 400, code: "bad_request" }],
    ["/down", "warn", "could not serve a request", { status: 503, code: "outcome_unknown", detail: "no answer" }],
    ["/readyz", "debug", "refused a request", { status: 503, code: "outcome_unknown" }],
    ["/bug", "error", "request failed", { err: expect.objectContaining({ message: "a bug" }), path: "/bug" }],
    ["/told", "info", "did the work", { id: 1 }],
  ])("the line about %s names the request and its trace", async (url, level, msg, fields) => {
    const { server, about } = openServer();
    await server.inject({ url, headers: HEADERS });
    expect(about()).toEqual([expect.objectContaining({ level, msg, ...NAMES, ...fields })]);
    expect(JSON.stringify(about())).not.toContain("secret");
  });

  it("a request without an id or a trace gets an id, which its answer and its line have", async () => {
    const { server, about } = openServer();
    const { headers } = await server.inject({ url: "/nothing", headers: { traceparent: "nonsense" } });
    expect(about()).toEqual([expect.objectContaining({ requestId: headers["x-request-id"] })]);
    expect(about()[0]).not.toHaveProperty("traceId");
  });

  it("the line about a body that does not arrive in time names the request, and so does the answer", async () => {
    const { server, about } = openServer();
    const connecting = once(server.server, "connection");
    const socket = await beginRequest(server);
    const [connection] = await connecting;
    const error = Object.assign(new Error("timeout"), { code: "ERR_HTTP_REQUEST_TIMEOUT" });
    server.server.emit("clientError", error, connection);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 .*x-request-id: order-7\r\n/s);
    expect(about()).toEqual([expect.objectContaining({ msg: "refused a request", status: 408, ...NAMES })]);
  });

  it("the line about a client that leaves before its body is complete names the request", async () => {
    const { server, about } = openServer();
    (await beginRequest(server)).destroy();
    await vi.waitFor(() => expect(about()).toHaveLength(1));
    const msg = "the client left before its request was complete";
    expect(about()).toEqual([expect.objectContaining({ level: "debug", msg, path: "/body", ...NAMES })]);
  });

  it("of many requests that could not be served, ten a second get a line, and one line counts the others", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const { server, about } = openServer();
    const refused = (count: number) => Promise.all(Array.from({ length: count }, () => server.inject("/down")));
    await refused(25);
    expect(about()).toHaveLength(10);
    vi.advanceTimersByTime(1_000);
    expect(about().at(-1)).toMatchObject({ level: "warn", msg: "could not serve further requests", requests: 15 });
    await refused(1);
    vi.advanceTimersByTime(1_000);
    expect(about()).toHaveLength(12);
  });

  it("of many refused requests one a second is an info line, one line counts the others, and those are debug", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const { server, about } = openServer();
    await Promise.all(Array.from({ length: 25 }, () => server.inject("/invalid")));
    vi.advanceTimersByTime(1_000);
    await server.inject("/invalid");
    vi.advanceTimersByTime(1_000);
    const told = about().filter(({ level }) => level !== "debug");
    expect(told.map(({ level, msg, requests }) => [level, msg, requests])).toEqual([
      ["info", "refused a request", undefined],
      ["info", "refused further requests", 24],
      ["info", "refused a request", undefined],
    ]);
    expect(about()).toHaveLength(27);
  });
});
