import { exec } from "node:child_process";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { RESTART_COMMAND } from "./environment.ts";
import { eventually } from "./expectations.ts";
import { call, getJson } from "./http-client.ts";
import { eventPath, makeEvents, publish, uniqueTopic } from "./publishing.ts";

const topic = uniqueTopic();
const events = makeEvents(topic, 20);
const walked: string[] = [];
let statsBefore: Record<string, unknown>;
let eventBefore: Record<string, unknown>;
let cursorBefore: string;

beforeAll(async () => {
  await publish([...events, events[0]]);
  eventBefore = await getJson(eventPath(topic, "e7"));
  const page = await getJson(`/events?topic=${topic}&limit=12`);
  cursorBefore = String(page.next_cursor);
  walked.push(...idsOf(page));
  statsBefore = await getJson("/stats");
  await restart();
});

async function restart(): Promise<void> {
  if (RESTART_COMMAND === undefined) throw new Error("TIDEMARK_RESTART_COMMAND is not set");
  await promisify(exec)(RESTART_COMMAND, { timeout: 90_000 });
  const readiness = () => call("/readyz").then(({ status }) => status, String);
  await eventually("the service to be ready again", readiness, (status) => status === 200, 60_000);
}

function idsOf(page: Record<string, unknown>): string[] {
  return (page.events as { event_id: string }[]).map(({ event_id }) => event_id);
}

describe("after a restart on the same data", () => {
  test("after a restart the counters are unchanged, and the uptime begins again", async () => {
    const { uptime_seconds, ...stats } = await getJson("/stats");

    const figures = ["received", "unique_processed", "duplicate_dropped", "conflicts", "dead_lettered", "topics_total"];
    for (const figure of figures) expect({ [figure]: stats[figure] }).toEqual({ [figure]: statsBefore[figure] });
    expect(stats.queue_size).toBe(0);
    expect(uptime_seconds).toBeLessThan(Number(statsBefore.uptime_seconds));
  });

  test("after a restart an event is unchanged", async () => {
    expect(await getJson(eventPath(topic, "e7"))).toEqual(eventBefore);
  });

  test("a cursor from before a restart continues at its position", async () => {
    const rest = await getJson(`/events?topic=${topic}&limit=100&cursor=${encodeURIComponent(cursorBefore)}`);

    expect([...walked, ...idsOf(rest)].toSorted()).toEqual(events.map(({ event_id }) => event_id).toSorted());
  });

  test("an event stored before a restart is still recognised as a duplicate", async () => {
    expect(await publish(events)).toMatchObject({ received: 20, accepted: 0, duplicates: 20 });
    expect(await publish(makeEvents(topic, 1, 500))).toMatchObject({ accepted: 1, duplicates: 0 });
  });
});
