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

/** What happens next: events are stored, a transaction with events is held open or let go, or a page is read. */
type Step = { store: number } | { hold: number } | "let go" | { read: number };

const few = fc.integer({ min: 1, max: 4 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: fc.record({ store: few }) },
    { weight: 2, arbitrary: fc.record({ hold: few }) },
    { weight: 1, arbitrary: fc.constant("let go" as const) },
    { weight: 3, arbitrary: fc.record({ read: few }) },
  ),
  { minLength: 12, maxLength: 30, size: "max" },
);

interface World {
  store: EventStore;
  /** Begins to store events in a transaction that stays open until the function it gives is called. */
  hold?(events: string[]): Promise<() => Promise<unknown>>;
}

/** A reader that goes on from page to page. */
class Walker {
  readonly met: string[] = [];
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
    this.met.push(...events.map(({ eventId }) => eventId));
    this.#position = next;
    this.isAtEnd = next === undefined;
  }
}

/** Walks both ways while the steps happen; checks what was met. */
async function walkThrough({ store, hold }: World, plan: Step[]): Promise<void> {
  const topic = uniqueName("walk");
  let made = 0;
  const make = (count: number) => Array.from({ length: count }, () => `e${made++}`);
  const textsOf = (ids: string[]) => ids.map((id) => eventText({ topic, id }));
  const old = make(7);
  await verdictsOf(store, textsOf(old.slice(0, 3)), textsOf(old.slice(3)));
  const forward = new Walker(store, { topic, order: "asc" });
  const backward = new Walker(store, { topic, order: "desc" });
  let letGo: (() => Promise<unknown>) | undefined;
  const release = async () => {
    await letGo?.();
    letGo = undefined;
  };
  for (const step of plan) {
    if (step === "let go") await release();
    else if ("store" in step) await verdictsOf(store, textsOf(make(step.store)));
    else if ("read" in step) await Promise.all([forward.read(step.read), backward.read(step.read)]);
    else if (letGo === undefined) letGo = await hold?.(textsOf(make(step.hold)));
  }
  await release();

  const all = (await store.listEvents({ topic, order: "desc", limit: 1_000 })).events.map(({ eventId }) => eventId);
  await waitFor("the walk forward to meet all", async () => {
    await forward.read(3);
    return forward.met.length >= all.length;
  });
  while (!backward.isAtEnd) await backward.read(3);
  expect(forward.met).toEqual(all.toReversed());
  expect(new Set(backward.met).size, "a walk backward meets nothing twice").toBe(backward.met.length);
  expect(backward.met.filter((id) => old.includes(id))).toEqual(old.toReversed());
}

test("SQLite: each event is met once, forward and backward, whatever is stored meanwhile", async () => {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  const logger = createLogger({ service: "test", level: "silent" });
  const store = await openSqliteEventStore({ path: join(directory, "tidemark.db"), logger });
  onTestFinished(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });

  await fc.assert(
    fc.asyncProperty(steps, (plan) => walkThrough({ store }, plan)),
    { numRuns: 40, endOnFailure: true },
  );
});

test("PostgreSQL: each event is met once, although transactions commit in another order than they began", async () => {
  const { beside, openConsumer } = await prepareStores();
  const [store, other] = [await openConsumer(), await openConsumer()];
  await beside.query(
    `CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF EXISTS (SELECT FROM written WHERE source = 'held') THEN PERFORM pg_advisory_xact_lock_shared(7); END IF;
       RETURN NULL;
     END $$`,
  );
  await beside.query(
    `CREATE TRIGGER wait AFTER INSERT ON events REFERENCING NEW TABLE AS written
     FOR EACH STATEMENT EXECUTE FUNCTION wait_here()`,
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
    fc.asyncProperty(steps, (plan) => walkThrough({ store, hold }, plan)),
    { numRuns: 20, endOnFailure: true },
  );
});
