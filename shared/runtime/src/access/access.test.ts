import { createLogger } from "@tidemark/telemetry/logger";
import { expect, onTestFinished, test } from "vitest";
import { createHttpServer } from "../http-server.ts";
import { clientOf } from "./client.ts";

function openServer() {
  const server = createHttpServer({ logger: createLogger({ service: "test", level: "silent" }) });
  onTestFinished(() => server.close());
  return server;
}

test("a server with a route that declares no scope does not start", async () => {
  const server = openServer();
  server.get("/decided", { config: { scope: "none" } }, () => ({}));
  server.get("/undecided", () => ({}));

  await expect(server.ready()).rejects.toThrow(
    "these routes declare no scope in their config: GET /undecided, HEAD /undecided",
  );
});

test("without keys, the client of a request is its address, and it may do everything", async () => {
  const server = openServer();
  server.get("/client", { config: { scope: "admin" } }, (request) => {
    const { id, scopes, topics } = clientOf(request);
    return { id, scopes: [...scopes], topics, reaches: clientOf(request).mayReach("any topic") };
  });

  expect((await server.inject("/client")).json()).toEqual({
    id: "address:127.0.0.1",
    scopes: ["publish", "read", "admin"],
    reaches: true,
  });
});
