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

test("/livez answers 200 while a part is unreachable", async () => {
  const answer = await createServer({ store: away }).inject("/livez");
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual({ status: "alive" });
});

test("/readyz answers 200 when every part answers", async () => {
  const answer = await createServer({ store: async () => {} }).inject("/readyz");
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual({ status: "ready" });
});

test("/readyz answers 503 and names the part that does not answer", async () => {
  const answer = await createServer({ log: async () => {}, store: away }).inject("/readyz");
  expect(answer.statusCode).toBe(503);
  expect(answer.headers["content-type"]).toContain("application/problem+json");
  expect(answer.headers["retry-after"]).toMatch(/^[12]$/);
  expect(answer.json()).toMatchObject({ code: "not_ready", detail: "not ready: store: cannot be reached" });
});

test("/readyz does not show the message of an internal error", async () => {
  const leak = () => Promise.reject(new Error("password authentication failed for user root"));
  const answer = await createServer({ store: leak }).inject("/readyz");
  expect(answer.json().detail).toBe("not ready: store: failed");
});

test("a promise that does not settle in time is given up", async () => {
  await expect(within(1, new Promise(() => {}))).rejects.toThrow("no answer within 1 ms");
});
