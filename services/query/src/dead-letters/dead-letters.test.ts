import { createHash } from "node:crypto";
import type { KeyEntry } from "@tidemark/runtime/access/key-entry";
import { afterAll, expect, onTestFinished, test, vi } from "vitest";
import { openQueryFixture } from "../query-fixture.ts";

// For tests that need no dead letter.
const empty = await openQueryFixture(afterAll);

/** An item of a frame that is not an event, so that the store always refuses it. */
const POISON = '{"topic":"odd","event_id":"1","payload":{"tenth":0.10}}';

/** Routes over a store that refused `count` events, one after the other. */
async function openDeadLetters(count: number, options: { keys?: KeyEntry[] } = {}) {
  const { server, store, storeEvents } = await openQueryFixture(onTestFinished, options);
  for (let number = 1; number <= count; number++) {
    await storeEvents([number % 2 === 0 ? POISON.replace("odd", "even") : POISON, { topic: "odd", event_id: "taken" }]);
  }
  const { deadLetters } = await store.listDeadLetters({ limit: 1_000 });
  return { server, store, ids: deadLetters.map(({ id }) => id) };
}

test("dead letters are listed along the links, oldest first, each once", async () => {
  const { server, ids } = await openDeadLetters(5);
  const first = await server.inject("/dead-letters?topic=odd&limit=2");
  expect(first.headers["content-type"]).toBe("application/json; charset=utf-8");
  expect(first.json()).toMatchObject({ count: 2, dead_letters: [{ id: ids[0] }, { id: ids[2] }] });
  const link = /^<(\?[^>]+)>; rel="next"$/.exec(`${first.headers.link}`)?.[1];
  const second = await server.inject(`/dead-letters${link}`);
  expect(second.json()).toMatchObject({ count: 1, dead_letters: [{ id: ids[4] }], next_cursor: null });
  expect(second.headers.link).toBeUndefined();
});

test("a key that is limited to topics sees, redrives and deletes only dead letters of these topics", async () => {
  const sha256 = createHash("sha256").update("tdm_key").digest("hex");
  const keys: KeyEntry[] = [{ name: "even", sha256, scopes: ["read", "admin"], topics: ["ev"] }];
  const { server, store, ids } = await openDeadLetters(2, { keys });
  const [odd, even] = ids;
  const headers = { "x-api-key": "tdm_key" };
  const statusOf = async (method: "POST" | "DELETE", url: string) =>
    (await server.inject({ method, url, headers })).statusCode;

  const list = (await server.inject({ url: "/dead-letters", headers })).json();
  expect(list).toMatchObject({ count: 1, dead_letters: [{ id: even, topic: "even" }] });
  expect(await statusOf("POST", `/dead-letters/${odd}/redrive`)).toBe(404);
  expect(await statusOf("DELETE", `/dead-letters/${odd}`)).toBe(404);
  expect(await statusOf("DELETE", `/dead-letters/${even}`)).toBe(204);
  expect((await store.listDeadLetters({ limit: 5 })).deadLetters).toMatchObject([{ id: odd, attempts: 1 }]);
});

test("a dead letter shows its event and the reason of the refusal", async () => {
  const { server, ids } = await openDeadLetters(1);
  const answer = await server.inject("/dead-letters");
  expect(answer.body).toContain(`"event":${POISON}`);
  expect(answer.json().dead_letters).toEqual([
    {
      id: ids[0],
      topic: "odd",
      events: 1,
      code: expect.stringMatching(/./),
      reason: expect.stringMatching(/./),
      attempts: 1,
      dead_at: expect.stringMatching(/^\d{4}-.*\.\d{6}Z$/),
      event: JSON.parse(POISON),
    },
  ]);
});

test("the list of dead letters refuses the cursor of another topic and unknown parameters", async () => {
  const { server } = await openDeadLetters(3);
  const { next_cursor } = (await server.inject("/dead-letters?topic=odd&limit=1")).json();
  const elsewhere = await server.inject(`/dead-letters?topic=even&cursor=${next_cursor}`);
  expect(elsewhere.statusCode).toBe(400);
  expect(elsewhere.json()).toMatchObject({ code: "invalid_cursor" });
  const unknown = await server.inject("/dead-letters?order=asc");
  expect(unknown.statusCode).toBe(400);
  expect(unknown.json()).toMatchObject({ code: "invalid_parameter" });
});

test.each(["stored", "duplicate", "conflict"] as const)(
  "a redriven event is answered with its verdict: %s",
  async (status) => {
    vi.spyOn(empty.store, "redrive").mockResolvedValueOnce({ status });
    const answer = await empty.server.inject({ method: "POST", url: "/dead-letters/7/redrive" });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ id: "7", status });
  },
);

test("a redrive that the store refuses again answers 409 with the reason", async () => {
  const { server, store, ids } = await openDeadLetters(1);
  const answer = await server.inject({ method: "POST", url: `/dead-letters/${ids[0]}/redrive` });
  const [letter] = (await store.listDeadLetters({ limit: 1 })).deadLetters;
  expect(answer.statusCode).toBe(409);
  expect(answer.headers["content-type"]).toContain("application/problem+json");
  expect(answer.json()).toEqual({
    type: "about:blank",
    title: "Conflict",
    status: 409,
    code: "still_refused",
    detail: `the store refused the event again: ${letter?.reason}`,
    refusal: { code: letter?.code, reason: letter?.reason },
  });
  expect(letter?.attempts).toBe(2);
});

test("a dead letter is deleted once, with an empty 204, and stays in the books", async () => {
  const { server, ids } = await openDeadLetters(1);
  const request = { method: "DELETE", url: `/dead-letters/${ids[0]}` } as const;
  const answer = await server.inject(request);
  expect(answer.statusCode).toBe(204);
  expect(answer.body).toBe("");
  expect((await server.inject(request)).statusCode).toBe(404);
  expect((await server.inject("/dead-letters")).json()).toEqual({ count: 0, dead_letters: [], next_cursor: null });
  expect((await server.inject("/stats")).json()).toMatchObject({ dead_lettered: 1 });
});

test.each([
  ["POST", "/dead-letters/8/redrive"],
  ["DELETE", "/dead-letters/8"],
  ["DELETE", "/dead-letters/a%2Fb"],
] as const)("%s %s: there is no such letter", async (method, url) => {
  const answer = await empty.server.inject({ method, url });
  expect(answer.statusCode).toBe(404);
  expect(answer.json()).toMatchObject({ status: 404, code: "not_found" });
});

test.each([
  ["GET", "/dead-letters/7", "DELETE"],
  ["GET", "/dead-letters/7/redrive", "POST"],
  ["DELETE", "/dead-letters", "GET"],
] as const)("%s %s is not a method of it", async (method, url, allowed) => {
  const answer = await empty.server.inject({ method, url });
  expect(answer.statusCode).toBe(405);
  expect(answer.headers.allow).toContain(allowed);
});

test("the list of dead letters answers 503 without the store", async () => {
  const { server, store } = await openDeadLetters(0);
  await store.close();
  for (const [method, url] of [
    ["GET", "/dead-letters"],
    ["POST", "/dead-letters/1/redrive"],
    ["DELETE", "/dead-letters/1"],
  ] as const) {
    const answer = await server.inject({ method, url });
    expect(answer.statusCode, url).toBe(503);
    expect(answer.json()).toMatchObject({ code: "store_unreachable" });
  }
});
