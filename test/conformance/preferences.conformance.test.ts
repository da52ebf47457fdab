import { beforeAll, describe, expect, test } from "vitest";
import type { Shape } from "./environment.ts";
import { expectProblem } from "./expectations.ts";
import { call, getJson, readJson } from "./http-client.ts";
import { eventPath, findShape, makeEvent, makeEvents, postJson, uniqueTopic } from "./publishing.ts";

let shape: Shape;
beforeAll(async () => {
  shape = await findShape();
});

describe("Prefer", () => {
  test("Prefer: wait is answered with the verdict, and named as applied", async () => {
    const reply = await postJson(JSON.stringify(makeEvent({ topic: uniqueTopic() })), { prefer: "wait=10" });

    expect(reply.status).toBe(200);
    expect(readJson(reply)).toMatchObject({ received: 1, accepted: 1, duplicates: 0 });
    expect(String(reply.headers["preference-applied"])).toMatch(/\bwait\b/);
  });

  test("unknown and malformed preferences are ignored", async () => {
    for (const prefer of ["wait=soon", "be-nice", "wait=", ",;=,", "wait=-1"]) {
      const reply = await postJson(JSON.stringify(makeEvent({ topic: uniqueTopic() })), { prefer });
      expect([200, 202]).toContain(reply.status);
    }
  });

  test("a Prefer header of more than 1 KiB is refused", async () => {
    const event = JSON.stringify(makeEvent({ topic: uniqueTopic() }));
    expect((await postJson(event, { prefer: "wait=10, x=".padEnd(1_024, "y") })).status).toBe(200);
    expectProblem(await postJson(event, { prefer: "wait=10, x=".padEnd(1_025, "y") }), 400);
  });

  test("Prefer: respond-async is answered 202 with a receipt in the stack, and with the verdict in single", async () => {
    const topic = uniqueTopic();
    const [first, second] = makeEvents(topic, 2);
    const body = JSON.stringify([first, second, first]);

    const reply = await postJson(body, { prefer: "respond-async" });

    if (shape === "single") {
      expect(reply.status).toBe(200);
      expect(readJson(reply)).toMatchObject({ received: 3, accepted: 2, duplicates: 1 });
      return;
    }
    expect(reply.status).toBe(202);
    expect(String(reply.headers["preference-applied"])).toMatch(/\brespond-async\b/);
    const { received, accepted, duplicates, pending } = readJson(reply);
    expect(received).toBe(3);
    expect(Number(accepted) + Number(duplicates) + Number(pending)).toBe(3);
    const { pathname } = new URL(String(reply.headers.location), "http://service/publish");
    const receipt = await call(pathname, { headers: { prefer: "wait=10" } });
    expect(receipt.status).toBe(200);
    expect(readJson(receipt)).toMatchObject({ received: 3, accepted: 2, duplicates: 1, pending: 0 });
    expect(await getJson(eventPath(topic, "e0"))).toMatchObject({ topic });
  });

  test("an unknown receipt is answered 404", async () => {
    expectProblem(await call("/receipts/never-given"), 404);
  });
});
