import type { DeadLetter, DeadLetterStore, Redriven } from "@tidemark/shared/event-store/dead-letters";
import { createHttpServer } from "@tidemark/shared/http-server";
import { createLogger } from "@tidemark/shared/log";
import { expect, onTestFinished, test } from "vitest";
import { registerDeadLetters } from "./dead-letters.ts";
import { createPageBudget } from "./page-room.ts";

/** Routes over some letters in memory, each redriven with the outcome given for it. */
function openDeadLetters(outcomes: Record<string, Redriven>) {
  const letters = Object.keys(outcomes).map(deadLetter);
  const server = createHttpServer({ log: createLogger({ service: "test", level: "silent" }) });
  onTestFinished(() => server.close());
  const store: Pick<DeadLetterStore, "listDeadLetters" | "redrive" | "deleteDeadLetter"> = {
    async listDeadLetters({ topic, limit, after = "" }) {
      const further = letters.filter((letter) => letter.id > after && (topic ?? letter.topic) === letter.topic);
      const deadLetters = further.slice(0, limit);
      const last = deadLetters.at(-1);
      return last !== undefined && further.length > limit ? { deadLetters, next: last.id } : { deadLetters };
    },
    redrive: async (id) => outcomes[id],
    deleteDeadLetter: async (id) => id in outcomes,
  };
  registerDeadLetters(server, { store, budget: createPageBudget() });
  return server;
}

function deadLetter(id: string): DeadLetter {
  return {
    id,
    frameId: "5f0c2b4e-9d43-4d0c-8c38-3f8a1c8f9a11",
    topic: Number(id) % 2 === 0 ? "even" : "odd",
    events: 1,
    code: "22003",
    reason: "out of range",
    attempts: 1,
    deadAt: "2025-10-23T10:00:00.000000Z",
    content: `{"event_id":"${id}","payload":{"tenth":0.10}}`,
  };
}

const STORED: Redriven = { status: "stored" };
const REFUSED: Redriven = { status: "refused", code: "22003", reason: "out of range" };

test("lists dead letters along the links, oldest first, each once, their events as they came", async () => {
  const server = openDeadLetters({ 1: STORED, 2: STORED, 3: STORED, 5: STORED });
  const first = await server.inject("/dead-letters?topic=odd&limit=2");
  expect(first.headers["content-type"]).toBe("application/json; charset=utf-8");
  expect(first.json()).toMatchObject({ count: 2, dead_letters: [{ id: "1" }, { id: "3" }] });
  expect(first.body).toContain('"event":{"event_id":"1","payload":{"tenth":0.10}}');
  const link = /^<([^>]+)>; rel="next"$/.exec(`${first.headers.link}`)?.[1];
  const second = await server.inject(`${link}`);
  expect(second.json()).toMatchObject({ count: 1, dead_letters: [{ id: "5" }], next_cursor: null });
  expect(second.headers.link).toBeUndefined();
});

test("refuses the cursor of another topic, and parameters it does not know", async () => {
  const server = openDeadLetters({ 1: STORED, 3: STORED });
  const { next_cursor } = (await server.inject("/dead-letters?topic=odd&limit=1")).json();
  const elsewhere = await server.inject(`/dead-letters?topic=even&cursor=${next_cursor}`);
  expect(elsewhere.statusCode).toBe(400);
  expect(elsewhere.json()).toMatchObject({ code: "invalid_cursor" });
  const unknown = await server.inject("/dead-letters?order=asc");
  expect(unknown.statusCode).toBe(400);
  expect(unknown.json()).toMatchObject({ code: "invalid_parameter" });
});

test.each(["stored", "duplicate", "conflict"] as const)("tells what a redriven event is now: %s", async (status) => {
  const answer = await openDeadLetters({ 7: { status } }).inject({ method: "POST", url: "/dead-letters/7/redrive" });
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual({ id: "7", status });
});

test("answers 409 when the store refuses it again, and says why", async () => {
  const server = openDeadLetters({ 7: REFUSED });
  const answer = await server.inject({ method: "POST", url: "/dead-letters/7/redrive" });
  expect(answer.statusCode).toBe(409);
  expect(answer.headers["content-type"]).toContain("application/problem+json");
  expect(answer.json()).toEqual({
    type: "about:blank",
    title: "Conflict",
    status: 409,
    code: "still_refused",
    detail: "the store refused it again: out of range",
    refusal: { code: "22003", reason: "out of range" },
  });
});

test("deletes with an empty 204", async () => {
  const answer = await openDeadLetters({ 7: STORED }).inject({ method: "DELETE", url: "/dead-letters/7" });
  expect(answer.statusCode).toBe(204);
  expect(answer.body).toBe("");
});

test.each([
  ["POST", "/dead-letters/8/redrive"],
  ["DELETE", "/dead-letters/8"],
  ["DELETE", "/dead-letters/a%2Fb"],
] as const)("%s %s: there is no such letter", async (method, url) => {
  const answer = await openDeadLetters({ 7: STORED }).inject({ method, url });
  expect(answer.statusCode).toBe(404);
  expect(answer.json()).toMatchObject({ status: 404, code: "not_found" });
});

test.each([
  ["GET", "/dead-letters/7", "DELETE"],
  ["GET", "/dead-letters/7/redrive", "POST"],
  ["DELETE", "/dead-letters", "GET"],
] as const)("%s %s is not a method of it", async (method, url, allowed) => {
  const answer = await openDeadLetters({ 7: STORED }).inject({ method, url });
  expect(answer.statusCode).toBe(405);
  expect(answer.headers.allow).toContain(allowed);
});
