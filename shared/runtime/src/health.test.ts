import { Unavailable } from "@tidemark/domain/errors";
import { createLogger } from "@tidemark/telemetry/logger";
import { expect, test } from "vitest";
import { registerHealth, within } from "./health.ts";
import { createHttpServer } from "./http-server.ts";

const logger = createLogger({ service: "test", level: "silent" });

function createServer(checks: Parameters<typeof registerHealth>[1]["checks"]) {
  const server = createHttpServer({ logger });
  registerHealth(server, { checks });
  return server;
}

const away = () => Promise.reject(new Unavailable({ code: "store_unreachable", detail: "cannot be reached" }));

test("is alive whatever is away", async () => {
  const answer = await createServer({ store: away }).inject("/livez");
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual({ status: "alive" });
});

test("is ready when all it depends on answers", async () => {
  const answer = await createServer({ store: async () => {} }).inject("/readyz");
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual({ status: "ready" });
});

test("names what it lacks", async () => {
  const answer = await createServer({ log: async () => {}, store: away }).inject("/readyz");
  expect(answer.statusCode).toBe(503);
  expect(answer.headers["content-type"]).toContain("application/problem+json");
  expect(answer.headers["retry-after"]).toMatch(/^[12]$/);
  expect(answer.json()).toMatchObject({ code: "not_ready", detail: "not ready: store: cannot be reached" });
});

test("tells nobody the words of an error that is not meant for clients", async () => {
  const leak = () => Promise.reject(new Error("password authentication failed for user root"));
  const answer = await createServer({ store: leak }).inject("/readyz");
  expect(answer.json().detail).toBe("not ready: store: failed");
});

test("gives up on what does not answer in time", async () => {
  await expect(within(1, new Promise(() => {}))).rejects.toThrow("no answer within 1 ms");
});
