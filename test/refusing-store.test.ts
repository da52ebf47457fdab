import { describe, expect, test } from "vitest";
import { eventText, uniqueName } from "./support/frames.ts";
import { type OpenShape, openSingle, openStack, type ShapeUnderTest } from "./support/shapes.ts";
import { waitFor } from "./support/wait-for.ts";

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

const SHAPES: [name: string, open: OpenShape][] = [
  ["single", openSingle],
  ["the stack", openStack],
];

describe.each(SHAPES)("a store that refuses, in %s:", (name, open) => {
  test("one event of a thousand is a dead letter, its sender is told so, and 999 are stored", async () => {
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

  test("every event: the process that writes it ends with the reason, and nothing is dead or lost", async () => {
    const shape = await open();
    const topic = uniqueName("own-fault");
    await shape.refuse("true");

    const answer = await publish(shape, eventsOf(topic, 12));
    const exit = await shape.writer.ended;

    expect(exit).toBe(1);
    const fatal = shape.writer
      .output()
      .split("\n")
      .filter((line) => line.includes('"level":60'));
    expect(fatal).toHaveLength(1);
    expect(fatal[0]).toContain("refuses every one of 12 events");
    if (name === "single") expect(answer).toMatchObject({ status: 503, body: { code: "outcome_unknown" } });
    else {
      expect(answer).toMatchObject({ status: 202, body: { pending: 12 } });
      expect(await publish(shape, eventsOf(topic, 20))).toMatchObject({ status: 202, body: { pending: 20 } });
    }

    await shape.accept();
    const mended = await shape.restartWriter();
    if (name === "single") expect(await publish(mended, eventsOf(topic, 12))).toMatchObject({ body: { accepted: 12 } });
    const stats = await waitFor(
      "the queue to be empty",
      async () => {
        const seen = await get(mended, `/stats?topic=${topic}`);
        return seen.queue_size === 0 && seen;
      },
      { timeoutMs: 45_000 },
    ); // what the process had at hand comes again after 20 s
    const unique = name === "single" ? 12 : 20;
    expect(stats).toMatchObject({ unique_processed: unique, dead_lettered: 0 });
  });
});
