import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { event, MAX_BODY_BYTES, openGateway } from "./gateway-fixture.ts";

test("a publish with a parameter in its address is refused, and no event of it is taken", async () => {
  const gateway = openGateway();
  const { server, log } = gateway;
  const answer = await server.inject({ method: "POST", url: "/publish?api_key=x", payload: event("1") });
  expect([answer.statusCode, answer.json().code]).toEqual([400, "invalid_parameter"]);
  expect((await log.snapshot()).frames).toBe(0);
});

test("a request with one invalid event is refused as a whole", async () => {
  const gateway = openGateway();
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

test.each([
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
  const gateway = openGateway();
  const { statusCode, body: problem } = await gateway.publish(body, headers as Record<string, string>);
  expect([statusCode, JSON.parse(problem)]).toEqual([status, expect.objectContaining({ status, code })]);
});

test("the refusal of a body without a declared length names the size limit", async () => {
  const gateway = openGateway();
  const { statusCode, body } = await gateway.server.inject({
    method: "POST",
    url: "/publish",
    headers: { "content-type": "application/json" },
    payload: Readable.from([Buffer.alloc(MAX_BODY_BYTES, " "), Buffer.from("x")]),
  });
  expect(statusCode).toBe(413);
  expect(JSON.parse(body).detail).toContain(String(MAX_BODY_BYTES));
});

test("the refusal of another method names the allowed one", async () => {
  const gateway = openGateway();
  const { statusCode, headers } = await gateway.server.inject({ method: "GET", url: "/publish" });
  expect([statusCode, headers.allow]).toEqual([405, "POST"]);
});
