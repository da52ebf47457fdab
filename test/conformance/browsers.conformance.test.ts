import { describe, expect, test } from "vitest";
import { API_KEY, BASE_URL } from "./environment.ts";
import { expectProblem } from "./expectations.ts";
import { call } from "./http-client.ts";
import { makeEvents, uniqueTopic } from "./publishing.ts";

const FORM = { "content-type": "application/x-www-form-urlencoded" };

describe("requests of browsers", () => {
  test("an unknown host is refused, unless the service requires keys", async () => {
    for (const path of ["/events", "/stats", "/"]) {
      const reply = await call(path, { headers: { host: "rebound.attacker.example" } });
      if (API_KEY === undefined) expectProblem(reply, 421);
      else expect([200, 421]).toContain(reply.status);
    }
  });

  test("probes are answered at any host", async () => {
    expect((await call("/livez", { headers: { host: "pod-1.example" } })).status).toBe(200);
  });

  test.each<Record<string, string>>([
    { origin: "https://attacker.example", "sec-fetch-site": "cross-site" },
    { origin: "http://attacker.example" },
    { origin: "null" },
    { "sec-fetch-site": "same-site" },
  ])("a page of another site changes nothing: %j", async (headers) => {
    const topic = uniqueTopic();
    const body = JSON.stringify(makeEvents(topic, 1));
    expectProblem(
      await call("/dead-letters/1/redrive", { method: "POST", headers: { ...FORM, ...headers }, body: "" }),
      403,
    );
    expectProblem(await call("/dead-letters/1", { method: "DELETE", headers }), 403);
    expectProblem(
      await call("/publish", { method: "POST", headers: { "content-type": "application/json", ...headers }, body }),
      403,
    );
    expect(JSON.parse((await call(`/events?topic=${topic}`)).text)).toMatchObject({ count: 0 });
  });

  test("a page of the service itself publishes", async () => {
    const body = JSON.stringify(makeEvents(uniqueTopic(), 1));
    const headers = { "content-type": "application/json", origin: BASE_URL.origin, "sec-fetch-site": "same-origin" };
    expect((await call("/publish", { method: "POST", headers, body })).status).toBeLessThan(300);
  });
});
