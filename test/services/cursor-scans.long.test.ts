import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verdictsOf } from "@tidemark/event-store/contract/applying";
import { eventText, uniqueName } from "@tidemark/event-store/contract/frames";
import type { EventQuery, EventStore } from "@tidemark/event-store/event-store";
import { prepareStores, waitForLocks } from "@tidemark/event-store-postgres/fixture/postgres-event-stores";
import { openSqliteEventStore } from "@tidemark/event-store-sqlite/sqlite-event-store";
import { createLogger } from "@tidemark/telemetry/logger";
import { waitFor } from "@tidemark/test-support/wait-for";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";

/** Stores events, opens a transaction with events and holds it, commits the held transaction, or reads a page. */
type Step = { store: number } | { hold: number } | "commit" | { read: number };

const few = fc.integer({ min: 1, max: 4 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: fc.record({ store: few }) },
    { weight: 2, arbitrary: fc.record({ hold: few }) },
    { weight: 1, arbitrary: fc.constant("commit" as const) },
    { weight: 3, arbitrary: fc.record({ read: few }) },
  ),
  { minLength: 12, maxLength: 30, size: "max" },
);

interface StoreUnderTest {
  store: EventStore;
  /** Stores events in a transaction that stays open until the returned function is called. */
  hold?(events: string[]): Promise<() => Promise<unknown>>;
}

/** Reads page after page from its cursor. */
class Scan {
  readonly seen: string[] = [];
  #position: string | undefined;
  isAtEnd = false;
  readonly #store: EventStore;
  readonly #query: Pick<EventQuery, "topic" | "order">;

  constructor(store: EventStore, query: Pick<EventQuery, "topic" | "order">) {
    this.#store = store;
    this.#query = query;
  }

  async read(limit: number): Promise<void> {
    if (this.isAtEnd) return;
    const after = this.#position === undefined ? {} : { after: this.#position };
    const { events, next } = await this.#store.listEvents({ ...this.#query, ...after, limit });
    this.seen.push(...events.map(({ eventId }) => eventId));
    this.#position = next;
    this.isAtEnd = next === undefined;
  }
}

/** Scans in both directions while the steps run, and checks the events that the scans saw. */
async function checkScans({ store, hold }: StoreUnderTest, plan: Step[]): Promise<void> {
  const topic = uniqueName("scan");
  let made = 0;
  const make = (count: number) => Array.from({ length: count }, () => `e${made++}`);
  const textsOf = (ids: string[]) => ids.map((id) => eventText({ topic, id }));
  const old = make(7);
  await verdictsOf(store, textsOf(old.slice(0, 3)), textsOf(old.slice(3)));
  const forward = new Scan(store, { topic, order: "asc" });
  const backward = new Scan(store, { topic, order: "desc" });
  let commitHeld: (() => Promise<unknown>) | undefined;
  const commit = async () => {
    await commitHeld?.();
    commitHeld = undefined;
  };
  for (const step of plan) {
    if (step === "commit") await commit();
    else if ("store" in step) await verdictsOf(store, textsOf(make(step.store)));
    else if ("read" in step) await Promise.all([forward.read(step.read), backward.read(step.read)]);
    else if (commitHeld === undefined) commitHeld = await hold?.(textsOf(make(step.hold)));
  }
  await commit();

  const all = (await store.listEvents({ topic, order: "desc", limit: 1_000 })).events.map(({ eventId }) => eventId);
  await waitFor("the scan forward to see all events", async () => {
    await forward.read(3);
    return forward.seen.length >= all.length;
  });
  while (!backward.isAtEnd) await backward.read(3);
  expect(forward.seen).toEqual(all.toReversed());
  expect(new Set(backward.seen).size, "a scan backward sees no event twice").toBe(backward.seen.length);
  expect(backward.seen.filter((id) => old.includes(id))).toEqual(old.toReversed());
}

test("scans of SQLite in both directions see each event once while events are stored", async () => {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  const logger = createLogger({ service: "test", level: "silent" });
  const store = await openSqliteEventStore({ path: join(directory, "tidemark.db"), logger });
  onTestFinished(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });

  await fc.assert(
    fc.asyncProperty(steps, (plan) => checkScans({ store }, plan)),
    { numRuns: 40, endOnFailure: true },
  );
});

test("scans of PostgreSQL in both directions see each event once, even if transactions commit in another order than they began", async () => {
  const { beside, openConsumer } = await prepareStores();
  const [store, other] = [await openConsumer(), await openConsumer()];
  await beside.query(
    `CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF EXISTS (SELECT FROM written WHERE source = 'held') THEN PERFORM pg_advisory_xact_lock_shared(7); END IF;
       RETURN NULL;
     END $$`,
  );
  await beside.query(
    `CREATE TRIGGER wait AFTER INSERT ON events REFERENCING NEW TABLE AS written
     FOR EACH STATEMENT EXECUTE FUNCTION wait_for_test()`,
  );
  const hold = async (events: string[]) => {
    await beside.query("SELECT pg_advisory_lock(7)");
    const held = verdictsOf(
      other,
      events.map((event) => event.replace('"source":"test"', '"source":"held"')),
    );
    await waitForLocks(beside, 1);
    return async () => {
      await beside.query("SELECT pg_advisory_unlock(7)");
      await held;
    };
  };

  await fc.assert(
    fc.asyncProperty(steps, (plan) => checkScans({ store, hold }, plan)),
    { numRuns: 20, endOnFailure: true },
  );
});
