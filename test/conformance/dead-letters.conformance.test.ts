import { describe, expect, test } from "vitest";
import { expectProblem } from "./expectations.ts";
import { call, getJson } from "./http-client.ts";
import { makeEvents, publish, uniqueTopic } from "./publishing.ts";

// The store accepts every event that passes validation, so no dead letter can be made over HTTP.
const UNKNOWN_IDS = ["0", "nobody", "-1", "99999999999999999999999", "00000000-0000-0000-0000-000000000000", "a%2Fb"];

describe("dead letters", () => {
  test("a topic whose events are stored has no dead letters", async () => {
    const topic = uniqueTopic();
    await publish(makeEvents(topic, 2));

    expect(await getJson(`/dead-letters?topic=${topic}`)).toEqual({ count: 0, dead_letters: [], next_cursor: null });
  });

  test("dead letters are also listed without a topic", async () => {
    const page = await getJson("/dead-letters?limit=1");

    expect(page.dead_letters).toHaveLength(Number(page.count));
  });

  test.each(UNKNOWN_IDS)("cannot be redriven by an id that none has: %s", async (id) => {
    const reply = await call(`/dead-letters/${id}/redrive`, { method: "POST" });

    expect(expectProblem(reply, 404).code).toBe("not_found");
  });

  test.each(UNKNOWN_IDS)("cannot be deleted by an id that none has: %s", async (id) => {
    expect(expectProblem(await call(`/dead-letters/${id}`, { method: "DELETE" }), 404).code).toBe("not_found");
  });

  test("a dead letter id with a NUL is refused, possibly by an edge", async () => {
    expectProblem(await call("/dead-letters/%00", { method: "DELETE" }), 400, 404);
    expectProblem(await call("/dead-letters/%00/redrive", { method: "POST" }), 400, 404);
  });

  test("a redrive ignores the body of its request", async () => {
    const headers = { "content-type": "application/json" };
    const reply = await call("/dead-letters/nobody/redrive", { method: "POST", headers, body: "{}" });

    expect(expectProblem(reply, 404).code).toBe("not_found");
  });

  test.each([
    ["POST", "/dead-letters", "GET"],
    ["DELETE", "/dead-letters", "GET"],
    ["GET", "/dead-letters/1", "DELETE"],
    ["GET", "/dead-letters/1/redrive", "POST"],
  ])("%s %s is refused", async (method, path, allowed) => {
    const reply = await call(path, { method });

    expect(expectProblem(reply, 405).code).toBe("method_not_allowed");
    expect(reply.headers.allow).toContain(allowed);
  });

  test.each(["order=asc", "limit=0", "limit=1001", "topic=", "source=a"])(
    "dead letters are not listed with %s",
    async (parameters) => {
      expect(expectProblem(await call(`/dead-letters?${parameters}`), 400).code).toBe("invalid_parameter");
    },
  );

  test("dead letters are not listed with the cursor of another list", async () => {
    const topic = uniqueTopic();
    const { next_cursor: cursor } = await getJson(`/events?topic=${topic}&order=asc`);

    const reply = await call(`/dead-letters?topic=${topic}&cursor=${cursor}`);

    expect(expectProblem(reply, 400).code).toBe("invalid_cursor");
  });
});
