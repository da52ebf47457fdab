import { eventText, uniqueName } from "@tidemark/event-store/contract/frames";
import {
  type OpenShape,
  openSingle,
  openStack,
  type ShapeUnderTest,
} from "@tidemark/test-support/processes/deployments";
import { waitFor } from "@tidemark/test-support/wait-for";
import { describe, expect, test } from "vitest";

async function publish({ publishUrl }: ShapeUnderTest, texts: string[], headers: Record<string, string> = {}) {
  const body = `[${texts.join(",")}]`;
  const init = { method: "POST", headers: { "content-type": "application/json", ...headers }, body };
  const answer = await fetch(`${publishUrl}/publish`, init);
  return { status: answer.status, body: await answer.json() };
}

async function get({ readUrl }: ShapeUnderTest, path: string) {
  return (await (await fetch(`${readUrl}${path}`)).json()) as Record<string, unknown>;
}

const eventsOf = (topic: string, count: number) =>
  Array.from({ length: count }, (_, index) => eventText({ topic, id: `e${index}` }));

/** How the process ended that writes the store, and its last words. */
async function lastWordsOf({ writer }: ShapeUnderTest) {
  const exit = await writer.ended;
  const lines = writer.output().split("\n");
  return { exit, fatal: lines.filter((line) => line.includes('"level":60')) };
}

const OWN_FAULT = {
  exit: 1,
  fatal: [expect.stringMatching(/refuses every one of 12 events with .*refused by the test/)],
};

describe("a store that refuses one event of a thousand has one dead letter, stores 999, and the sender is told:", () => {
  const shapes: [name: string, open: OpenShape][] = [
    ["single", openSingle],
    ["the stack", openStack],
  ];

  test.each(shapes)("%s", async (_name, open) => {
    const shape = await open();
    const topic = uniqueName("poison");
    await shape.refuse("NEW.event_id = 'e500'");

    const { status, body } = await publish(shape, eventsOf(topic, 1_000), { prefer: "wait=30" });

    expect({ status, body }).toMatchObject({
      status: 200,
      body: { received: 1_000, accepted: 999, duplicates: 0, dead_lettered: 1 },
    });
    expect(await get(shape, `/stats?topic=${topic}`)).toMatchObject({
      received: 1_000,
      unique_processed: 999,
      duplicate_dropped: 0,
      dead_lettered: 1,
      queue_size: 0,
    });
    const letter = { topic, event: { event_id: "e500" }, reason: expect.stringContaining("refused by the test") };
    expect(await get(shape, "/dead-letters")).toMatchObject({ count: 1, dead_letters: [letter] });
    expect(shape.writer.output()).toContain('"msg":"events became dead letters"');
    expect(shape.writer.output()).toContain(`"topic":"${topic}","event_id":"e500"`);
  });
});

describe("a store that refuses every event ends the process that writes it, which says why, and nothing is dead or lost:", () => {
  test("single", async () => {
    const shape = await openSingle();
    const events = eventsOf(uniqueName("own-fault"), 12);
    await shape.refuse("true");

    const answer = await publish(shape, events);

    expect(answer).toMatchObject({ status: 503, body: { code: "outcome_unknown" } });
    expect(await lastWordsOf(shape)).toEqual(OWN_FAULT);
    await shape.accept();
    const mended = await shape.restartWriter();
    expect(await publish(mended, events)).toMatchObject({ status: 200, body: { accepted: 12 } });
    expect(await get(mended, "/stats")).toMatchObject({ received: 12, dead_lettered: 0 });
  });

  test("the stack, whose gateway goes on", async () => {
    const shape = await openStack();
    await shape.refuse("true");

    const first = await publish(shape, eventsOf(uniqueName("own-fault"), 12));
    expect(await lastWordsOf(shape)).toEqual(OWN_FAULT);
    const second = await publish(shape, eventsOf(uniqueName("meanwhile"), 20));

    expect(first).toMatchObject({ status: 202, body: { pending: 12 } });
    expect(second).toMatchObject({ status: 202, body: { pending: 20 } });
    expect(await get(shape, "/stats")).toMatchObject({ received: 32, queue_size: 32 });
    await shape.accept();
    const mended = await shape.restartWriter();
    // What it had at hand comes again 20 s after its end: until then it is queued.
    const isTakenUp = async () => {
      const stats = await get(mended, "/stats");
      expect(stats).toMatchObject({ received: 32, duplicate_dropped: 0, dead_lettered: 0 });
      return Number(stats.unique_processed) >= 20;
    };
    await waitFor("the other frame to be stored", isTakenUp, { timeoutMs: 30_000 });
  });
});
