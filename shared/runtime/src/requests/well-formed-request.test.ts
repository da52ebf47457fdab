import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { createLogger } from "@tidemark/telemetry/logger";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHttpServer } from "../http-server.ts";

const server = createHttpServer({
  logger: createLogger({ service: "test", level: "silent" }),
  browsers: { allowedHosts: ["*"] },
});
server.get("/things", { config: { scope: "none" } }, (request) => request.query);
server.post("/things", { config: { scope: "none" } }, () => ({}));
let port: number;
beforeAll(async () => {
  port = Number(new URL(await server.listen({ port: 0, host: "127.0.0.1" })).port);
});
afterAll(() => server.close());

async function exchange(lines: string[]): Promise<{ status: number; type: string | undefined; body: string }> {
  const socket = connect(port, "127.0.0.1");
  socket.end(
    `${[...lines, "Connection: close"].join("\r\n")}\r\n\r\n${lines[0]?.startsWith("POST") ? "0\r\n\r\n" : ""}`,
  );
  const answer = await text(socket);
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  const type = /^content-type: (.*)$/im.exec(head)?.[1];
  return { status: Number(answer.split(" ")[1]), type, body };
}

const GET = "GET /things HTTP/1.1";
const POST = "POST /things HTTP/1.1";

describe("requireWellFormed", () => {
  it.each([
    ["no Host", [GET], 400],
    ["two Hosts", [GET, "Host: a", "hOST: a"], 400],
    ["a Host with a space", [GET, "Host: a b"], 400],
    ["a Host with a path", [GET, "Host: a/b"], 400],
    ["a Host with credentials", [GET, "Host: a@b"], 400],
    ["a body in gzip and chunks", [POST, "Host: a", "Transfer-Encoding: gzip, chunked"], 501],
    ["a percent-encoding that is not UTF-8", ["GET /things?topic=%E9 HTTP/1.1", "Host: a"], 400],
    ["a percent sign without digits", ["GET /things?topic=%ZZ HTTP/1.1", "Host: a"], 400],
    ["a name that is not UTF-8", ["GET /things?%ff=1 HTTP/1.1", "Host: a"], 400],
    ["a repeated parameter", ["GET /things?limit=1&limit=2 HTTP/1.1", "Host: a"], 400],
    ["a repeated parameter, once percent-encoded", ["GET /things?limit=1&%6Cimit=2 HTTP/1.1", "Host: a"], 400],
  ])("a request with %s is refused with a problem", async (_what, lines, status) => {
    const answer = await exchange(lines);
    expect(answer).toMatchObject({ status, type: "application/problem+json; charset=utf-8" });
    expect(JSON.parse(answer.body)).toMatchObject({ status, detail: expect.stringMatching(/./) });
  });

  it.each([
    ["no Host in HTTP/1.0", ["GET /things HTTP/1.0"]],
    ["an empty Host", [GET, "Host:"]],
    ["a name with a port", [GET, "Host: tidemark.example:8080"]],
    ["an IPv6 address", [GET, "Host: [::1]:8080"]],
    ["chunks", [POST, "Host: a", "Transfer-Encoding: Chunked"]],
    ["an encoded query", ["GET /things?topic=%C3%A9+%F0%9F%98%80&&x HTTP/1.1", "Host: a"]],
  ])("a request with %s is served", async (_what, lines) => {
    expect(await exchange(lines)).toMatchObject({ status: 200 });
  });

  it("a fault of the query names its parameter", async () => {
    const { body } = await exchange(["GET /things?a=1&limit=1&limit=2 HTTP/1.1", "Host: a"]);
    expect(JSON.parse(body)).toMatchObject({
      code: "invalid_parameter",
      errors: [{ pointer: "/limit", detail: "must not be repeated" }],
    });
  });
});

it("an expectation that cannot be met is refused with a problem", async () => {
  const { status, type, body } = await exchange([GET, "Host: a", "Expect: 200-ok"]);
  expect([status, type]).toEqual([417, "application/problem+json; charset=utf-8"]);
  expect(JSON.parse(body)).toMatchObject({ status: 417, code: "expectation_failed" });
});
