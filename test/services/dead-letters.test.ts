import { eventText, uniqueName } from "@tidemark/event-store/contract/frames";
import {
  type OpenShape,
  openSingle,
  openStack,
  type ShapeUnderTest,
} from "@tidemark/test-support/processes/deployments";
import { describe, expect, test } from "vitest";

/** Publishes a hundred events, three of which the store refuses. */
async function publishWithBad(shape: ShapeUnderTest, topic: string): Promise<unknown> {
  await shape.refuse("NEW.event_id IN ('e0', 'e50', 'e99')");
  const texts = Array.from({ length: 100 }, (_, index) => eventText({ topic, id: `e${index}` }));
  const answer = await fetch(`${shape.publishUrl}/publish`, {
    method: "POST",
    headers: { "content-type": "application/json", prefer: "wait=30, return=representation" },
    body: `[${texts.join(",")}]`,
  });
  return answer.json();
}

async function call({ readUrl }: ShapeUnderTest, path: string, method = "GET") {
  const answer = await fetch(`${readUrl}${path}`, { method });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? undefined : (JSON.parse(text) as Record<string, unknown>) };
}

async function booksOf(shape: ShapeUnderTest) {
  const { body } = await call(shape, "/stats");
  const { received, unique_processed: stored, duplicate_dropped: duplicates, dead_lettered: dead, drift } = body ?? {};
  return { received, stored, duplicates, dead, drift };
}

async function lettersOf(shape: ShapeUnderTest): Promise<{ id: string; attempts: number }[]> {
  const { body } = await call(shape, "/dead-letters");
  return body?.dead_letters as { id: string; attempts: number }[];
}

const shapes: [name: string, open: OpenShape][] = [
  ["single", openSingle],
  ["the stack", openStack],
];

describe.each(shapes)("dead letters in %s", (_name, open) => {
  test("are told to who sent them, redriven once the cause is mended, and deleted, the books balanced all along", async () => {
    const shape = await open();
    const topic = uniqueName("dead");

    const published = await publishWithBad(shape, topic);

    expect(published).toMatchObject({ received: 100, accepted: 97, dead_lettered: 3 });
    expect(await booksOf(shape)).toEqual({ received: 100, stored: 97, duplicates: 0, dead: 3, drift: 0 });
    const [first, second, third] = (await lettersOf(shape)).map(({ id }) => id);
    expect(await call(shape, `/dead-letters/${first}/redrive`, "POST")).toMatchObject({
      status: 409,
      body: { code: "still_refused", refusal: { reason: expect.stringContaining("refused by the test") } },
    });
    expect((await lettersOf(shape)).map(({ attempts }) => attempts)).toEqual([2, 1, 1]);

    await shape.accept();
    const redriven = await call(shape, `/dead-letters/${first}/redrive`, "POST");

    expect(redriven).toEqual({ status: 200, body: { id: first, status: "stored" } });
    expect((await call(shape, `/events/${topic}/e0`)).status).toBe(200);
    expect(await booksOf(shape)).toEqual({ received: 100, stored: 98, duplicates: 0, dead: 2, drift: 0 });
    expect((await call(shape, `/dead-letters/${first}/redrive`, "POST")).status).toBe(404);

    const deleted = await call(shape, `/dead-letters/${second}`, "DELETE");

    expect(deleted).toEqual({ status: 204, body: undefined });
    expect((await call(shape, `/dead-letters/${second}`, "DELETE")).status).toBe(404);
    expect((await lettersOf(shape)).map(({ id }) => id)).toEqual([third]);
    expect(await booksOf(shape)).toEqual({ received: 100, stored: 98, duplicates: 0, dead: 2, drift: 0 });
  });
});
