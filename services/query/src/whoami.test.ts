import { createHash } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { openQueryFixture } from "./query-fixture.ts";

test("/whoami shows any valid key its name, scopes and topics", async () => {
  const sha256 = createHash("sha256").update("secret").digest("hex");
  const key = { name: "shop", sha256, scopes: ["publish" as const], topics: ["orders."] };
  const { server } = await openQueryFixture(onTestFinished, { keys: [key] });

  const answer = await server.inject({ url: "/whoami", headers: { authorization: "Bearer secret" } });

  expect(answer.json()).toEqual({ name: "shop", scopes: ["publish"], topics: ["orders."] });
  expect(answer.headers["cache-control"]).toBe("no-store");
  expect((await server.inject("/whoami")).statusCode).toBe(401);
});

test("/whoami of a service without keys shows that it is open", async () => {
  const { server } = await openQueryFixture(onTestFinished);
  expect((await server.inject("/whoami")).json()).toEqual({
    name: null,
    scopes: ["publish", "read", "admin"],
    topics: null,
  });
});
