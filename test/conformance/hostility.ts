import { expect } from "vitest";
import { eventually } from "./expectations.ts";
import { getJson } from "./http-client.ts";
import { makeEvent, publish, uniqueTopic } from "./publishing.ts";

const FIGURES = ["received", "unique_processed", "duplicate_dropped", "conflicts", "dead_lettered", "topics_total"];

/** Reads the figures of the books that an accepted event changes. */
async function readFigures(): Promise<Record<string, unknown>> {
  const stats = await getJson("/stats");
  return Object.fromEntries(FIGURES.map((figure) => [figure, stats[figure]]));
}

/** Runs an attack, and expects that the books are unchanged and the service is healthy afterwards. */
export async function expectNothingTaken(attack: () => Promise<void>): Promise<void> {
  const before = await readFigures();
  await attack();
  expect(await readFigures()).toEqual(before);
  await expectHealthy();
}

/** Expects that the service accepts an event, returns it, and reports that it is healthy. */
export async function expectHealthy(): Promise<void> {
  const topic = uniqueTopic("healthy");
  expect(await publish(makeEvent({ topic }))).toMatchObject({ received: 1, accepted: 1 });
  expect(await getJson(`/events?topic=${topic}`)).toMatchObject({ count: 1 });
  await eventually(
    "an idle and healthy service",
    () => getJson("/health"),
    ({ status, queue_size }) => status === "healthy" && queue_size === 0,
  );
}
