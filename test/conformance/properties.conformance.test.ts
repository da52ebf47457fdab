import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectProblem } from "./expectations.ts";
import { call, getJson } from "./http-client.ts";
import { eventPath, makeEvent, postJson, publish, uniqueTopic } from "./publishing.ts";

const RUNS = { numRuns: 60 };

// Any characters except control characters, also unassigned ones and those outside the basic plane.
const anyName = fc
  .string({ unit: "binary", minLength: 1, maxLength: 60 })
  .filter((text) => !/\p{Cc}/u.test(text) && text !== "." && text !== "..");

const anyPayload = fc
  .dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ stringUnit: "binary" }))
  .filter((payload) => !JSON.stringify(payload).includes("\\u0000"));

describe("whatever is sent", () => {
  test("any payload is returned as the same JSON value", async () => {
    await fc.assert(
      fc.asyncProperty(anyPayload, async (payload) => {
        const topic = uniqueTopic();
        await publish(makeEvent({ topic, payload }));

        const event = await getJson(eventPath(topic, "evt-001"));
        expect(event.payload).toEqual(JSON.parse(JSON.stringify(payload)));
      }),
      RUNS,
    );
  });

  test("any topic, id and source is kept unchanged, and its duplicate is recognised", async () => {
    await fc.assert(
      fc.asyncProperty(anyName, anyName, anyName, async (name, eventId, source) => {
        const topic = `${uniqueTopic()}${name}`;
        const event = makeEvent({ topic, event_id: eventId, source });

        expect(await publish(event)).toMatchObject({ accepted: 1 });
        expect(await publish(event)).toMatchObject({ duplicates: 1 });
        expect(await getJson(eventPath(topic, eventId))).toMatchObject({ topic, event_id: eventId, source });
        const page = await getJson(`/events?${new URLSearchParams({ topic })}`);
        expect(page).toMatchObject({ count: 1, events: [{ topic, event_id: eventId }] });
      }),
      RUNS,
    );
  });

  test("bytes that are not JSON are answered 4xx", async () => {
    const notJson = fc.uint8Array({ maxLength: 200 }).filter((bytes) => !isJson(bytes));
    await fc.assert(
      fc.asyncProperty(notJson, async (bytes) => {
        expectProblem(await postJson(Buffer.from(bytes)), 400);
      }),
      RUNS,
    );
  });

  test("JSON that is not an event is answered 4xx", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        expectProblem(await postJson(JSON.stringify(value)), 422);
      }),
      RUNS,
    );
  });

  test("an event that is cut off anywhere is answered 4xx", async () => {
    const body = Buffer.from(JSON.stringify([makeEvent({ topic: uniqueTopic(), source: "\u{1f600}" })]));
    for (let length = 0; length < body.length; length += 3) {
      expectProblem(await postJson(body.subarray(0, length)), 400);
    }
  });
});

describe("a path or query that cannot be decoded is answered 4xx", () => {
  test.each(["/events/%zz/a", "/events/%ff/a", "/events/a/%", "/events/%00/%0a", "/%", "/%c0%af"])(
    "%s",
    async (path) => {
      expectProblem(await call(path), 400, 404);
    },
  );

  test.each(["limit=%zz", "limit=1&limit=2", "order=asc&order=desc", "cursor=a&cursor=b"])(
    "/events?%s",
    async (query) => {
      expectProblem(await call(`/events?${query}`), 400);
    },
  );
});

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}
