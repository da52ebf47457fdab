import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PublishError, TidemarkClient } from "@tidemark/client";
import type * as client from "@tidemark/client/contract";
import type { Event } from "@tidemark/domain/event-schema";
import { uniqueName } from "@tidemark/event-store/contract/frames";
import type { Problem } from "@tidemark/http-api/problem";
import type * as contract from "@tidemark/http-api/publish-answer";
import { startOwnService } from "@tidemark/test-support/processes/own-services";
import { expect, expectTypeOf, onTestFinished, test } from "vitest";

// These tests run the TypeScript client against the real service. The type checks below keep the types of both sides
// equal.
expectTypeOf<client.PublishAnswer>().toEqualTypeOf<contract.PublishAnswer>();
expectTypeOf<client.Problem>().toEqualTypeOf<Problem>();
expectTypeOf<client.IdentifiedEvent>().toExtend<Event>();

async function openSingle(environment: Record<string, string> = {}): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const { url } = await startOwnService("single", { DATABASE_PATH: join(directory, "tidemark.db"), ...environment });
  return url;
}

async function booksOf(url: string) {
  const stats = (await (await fetch(`${url}/stats`)).json()) as Record<string, number>;
  const { received, unique_processed: stored, duplicate_dropped: duplicates, conflicts, drift } = stats;
  return { received, stored, duplicates, conflicts, drift };
}

function eventOf(id: string): client.IdentifiedEvent {
  return { topic: "client.test", event_id: id, timestamp: "2025-10-23T10:00:00Z", source: "test" };
}

function count(statuses: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

test("the verdicts of three batchers with the same events add up to the books of the service", async () => {
  // Smaller than the requests of the batchers, so that refused requests are halved.
  const url = await openSingle({ MAX_BATCH_EVENTS: "150", QUEUE_MAX_SIZE: "200" });
  const statuses: string[] = [];
  const publishAll = async (copies: number) => {
    const batcher = new TidemarkClient({ url }).batcher({ maxEvents: 200, maxPending: 500 });
    for (let index = 0; index < 2_000; index++) {
      await batcher.room();
      const event = { ...eventOf(`event-${index % 800}`), ...(index === 1_999 && { payload: { copies } }) };
      void batcher.add(event).then(({ status }) => statuses.push(status));
    }
    await batcher.close();
  };

  await Promise.all([1, 2, 3].map(publishAll));

  const { stored, duplicate, conflict = 0, ...others } = count(statuses);
  expect(others).toEqual({});
  expect(stored).toBe(800);
  expect(await booksOf(url)).toEqual({
    received: 6_000,
    stored: 800,
    duplicates: (duplicate ?? 0) + conflict,
    conflicts: conflict,
    drift: 0,
  });
  expect(conflict).toBe(3);
});

test("errors of the client have the message and the pointer of the service", async () => {
  const tidemark = new TidemarkClient({ url: await openSingle() });
  const bad = { ...eventOf("bad"), timestamp: "yesterday" };

  const strict = await tidemark.publish([eventOf("a"), bad]).catch((error) => error);
  const batcher = tidemark.batcher();
  const [, refused] = await Promise.allSettled([batcher.add(eventOf("a")), batcher.add(bad)]);

  expect(strict).toBeInstanceOf(PublishError);
  expect(strict).toMatchObject({ outcome: "refused", status: 422, code: "invalid_event", pointer: "/1/timestamp" });
  expect(refused).toMatchObject({ status: "rejected", reason: { outcome: "refused", pointer: "/timestamp" } });
});

test("an event that is nested too deep is refused, and the other events of its request are stored", async () => {
  const url = await openSingle();
  const batcher = new TidemarkClient({ url }).batcher();
  const topic = uniqueName("deep");
  let payload = {};
  for (let level = 0; level < 2_000; level++) payload = { level: payload };

  const settled = await Promise.allSettled(
    ["a", "b", "c"].map((id) => batcher.add({ ...eventOf(id), topic, ...(id === "b" && { payload }) })),
  );

  expect(settled).toMatchObject([
    { value: { status: "stored" } },
    { reason: { outcome: "refused", events: [{ event_id: "b" }] } },
    { value: { status: "stored" } },
  ]);
});
