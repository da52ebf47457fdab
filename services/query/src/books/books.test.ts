import { Unavailable } from "@tidemark/domain/errors";
import type { LogSnapshot } from "@tidemark/event-log/event-log";
import type { Books, BooksQuery } from "@tidemark/event-store/books";
import fc from "fast-check";
import { expect, test } from "vitest";
import { EMPTY_BOOKS } from "../query-fixture.ts";
import { keepSteady, readBooks, type WholeBooks } from "./books.ts";

const away = () => Promise.reject(new Unavailable({ code: "log_unreachable", detail: "away" }));

const unheard = () => new Map<string, number>();

/** A log and a store in a few lines: frames are appended, applied, and leave the log some time after. */
class Simulation {
  readonly #held = new Map<number, number>();
  readonly #applied = new Map<number, number>();
  #lastSequence = 0;
  appendedEvents = 0;

  append(events: number): void {
    this.#held.set(++this.#lastSequence, events);
    this.appendedEvents += events;
  }

  applyOldest(): void {
    const sequence = [...this.#held.keys()].find((key) => !this.#applied.has(key));
    if (sequence !== undefined) this.#applied.set(sequence, this.#held.get(sequence) ?? 0);
  }

  /** Simulates a broker that is killed before an acknowledgement is on its disk. */
  comeBack(): void {
    const sequence = [...this.#applied.keys()].find((key) => !this.#held.has(key));
    if (sequence === undefined) return;
    const held = [...this.#held, [sequence, this.#applied.get(sequence) ?? 0] as const];
    this.#held.clear();
    for (const [key, events] of held.toSorted(([left], [right]) => left - right)) this.#held.set(key, events);
  }

  /** Simulates an operator who purges the log, so that its frames are never in the books. */
  lose(): void {
    const sequence = [...this.#held.keys()].find((key) => !this.#applied.has(key));
    if (sequence !== undefined) this.#held.delete(sequence);
  }

  acknowledgeOldest(): void {
    const sequence = [...this.#held.keys()].find((key) => this.#applied.has(key));
    if (sequence !== undefined) this.#held.delete(sequence);
  }

  snapshot(): LogSnapshot {
    const sequences = [...this.#held.keys()];
    const lastSequence = this.#lastSequence;
    const frames = sequences.length;
    const events = sum(this.#held.values());
    return {
      generation: "one",
      events,
      frames,
      lastSequence,
      held: sequences.map((sequence) => ({ first: sequence, last: sequence })),
      removed: lastSequence - frames,
      bytes: 0,
      maxBytes: 1_000_000,
    };
  }

  books({ log }: BooksQuery): Books {
    const applied = [...this.#applied];
    const isHeld = (sequence: number) => log?.held.some(({ first, last }) => first <= sequence && sequence <= last);
    const isGone = (sequence: number) => !isHeld(sequence) && sequence <= (log?.lastSequence ?? 0);
    return {
      ...EMPTY_BOOKS,
      stored: sum(this.#applied.values()),
      appliedEvents: sum(this.#applied.values()),
      appliedHeldEvents: sum(applied.filter(([sequence]) => isHeld(sequence)).map(([, events]) => events)),
      appliedGoneFrames: applied.filter(([sequence]) => isGone(sequence)).length,
    };
  }
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, number) => total + number, 0);
}

type Step = (simulation: Simulation) => void;

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.integer({ min: 1, max: 9 }).map(
    (events): Step =>
      (simulation) =>
        simulation.append(events),
  ),
  fc.constant<Step>((simulation) => simulation.applyOldest()),
  fc.constant<Step>((simulation) => simulation.acknowledgeOldest()),
  fc.constant<Step>((simulation) => simulation.comeBack()),
);
/** The steps before the read of the log, and those before the read of the store. */
const anyCall = fc.array(fc.array(anyStep, { maxLength: 8 }), { maxLength: 2 });

/** Reads the books, and runs steps before each of the two reads. */
async function readAmid(simulation: Simulation, steps: Step[][]) {
  const queue = steps.values();
  const happen = () => {
    for (const step of queue.next().value ?? []) step(simulation);
  };
  const {
    books,
    queue: found,
    drift,
    witness,
  } = await readBooks(
    {
      confirmedEvents: () => new Map([["one", simulation.appendedEvents]]),
      readLogSnapshot: async () => {
        happen();
        return simulation.snapshot();
      },
      reader: {
        readBooks: async (query) => {
          happen();
          return simulation.books(query);
        },
      },
    },
    { maxTopics: 0 },
  );
  return { books, queue: found, drift, witness, received: books.stored + (found?.events ?? Number.NaN) };
}

test("received counts every event appended before the call once, never decreases, does not drift, and misses no confirmed event", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyCall, { maxLength: 6 }), async (calls) => {
      const simulation = new Simulation();
      let last = 0;
      for (const steps of calls) {
        const before = simulation.appendedEvents;
        const { received, queue, drift, witness } = await readAmid(simulation, steps);
        expect(drift).toBe(0);
        expect(witness?.confirmed).toBe(before);
        expect(witness?.unconfirmed).toBeGreaterThanOrEqual(0);
        expect(received).toBeGreaterThanOrEqual(Math.max(before, last));
        expect(received).toBeLessThanOrEqual(simulation.appendedEvents);
        expect(queue?.events).toBeGreaterThanOrEqual(0);
        last = received;
      }
    }),
  );
});

test("a frame that is applied and not yet acknowledged is counted once", async () => {
  const simulation = new Simulation();
  simulation.append(3);
  simulation.append(4);
  simulation.applyOldest();
  expect(await readAmid(simulation, [])).toMatchObject({ received: 7, queue: { events: 4 } });
});

test("a frame that arrives and is applied after the snapshot of the log is counted once", async () => {
  const simulation = new Simulation();
  simulation.append(2);
  const appendAndApplyAll: Step[] = [(it) => it.append(5), (it) => it.applyOldest(), (it) => it.applyOldest()];
  expect(await readAmid(simulation, [[], appendAndApplyAll])).toMatchObject({ received: 7, queue: { events: 0 } });
});

test("the books are those of the store alone if the log does not answer", async () => {
  const simulation = new Simulation();
  simulation.append(3);
  simulation.applyOldest();
  const reader = { readBooks: async (query: BooksQuery) => simulation.books(query) };
  const whole = await readBooks({ reader, readLogSnapshot: away, confirmedEvents: unheard }, { maxTopics: 0 });
  expect(whole.books.stored).toBe(3);
  expect(whole.queue).toBeUndefined();
});

test("applied frames count as queued while the log cannot list the frames that it holds", async () => {
  const simulation = new Simulation();
  for (const events of [3, 4]) simulation.append(events);
  simulation.applyOldest();
  const { held: _, ...unnamed } = simulation.snapshot();
  const reader = { readBooks: async (query: BooksQuery) => simulation.books(query) };
  expect(
    await readBooks({ reader, readLogSnapshot: async () => unnamed, confirmedEvents: unheard }, { maxTopics: 0 }),
  ).toMatchObject({
    books: { stored: 3 },
    queue: { events: 7 },
  });
});

test("the drift is the number of frames that left the log and are not in the books", async () => {
  const simulation = new Simulation();
  for (const events of [3, 4, 5]) simulation.append(events);
  simulation.applyOldest();
  simulation.acknowledgeOldest();
  expect(await readAmid(simulation, [])).toMatchObject({ drift: 0 });
  simulation.lose();
  expect(await readAmid(simulation, [])).toMatchObject({ drift: 1, queue: { events: 5 } });
  simulation.applyOldest();
  expect(await readAmid(simulation, [])).toMatchObject({ drift: 1 });
});

test("confirmed events that left the log and are not in the books are missing, with or without a drift", async () => {
  const simulation = new Simulation();
  for (const events of [3, 4, 5]) simulation.append(events);
  expect(await readAmid(simulation, [])).toMatchObject({ witness: { confirmed: 12, unconfirmed: 0 } });
  simulation.lose();
  expect(await readAmid(simulation, [])).toMatchObject({ witness: { confirmed: 12, unconfirmed: -3 } });
});

test("only events that were confirmed in the present generation of the log count", async () => {
  const confirmedEvents = () => new Map([["former", 100]]);
  const reader = { readBooks: async () => ({ ...EMPTY_BOOKS, appliedEvents: 7 }) };
  const readLogSnapshot = async () => new Simulation().snapshot();
  const { witness } = await readBooks({ reader, readLogSnapshot, confirmedEvents }, { maxTopics: 0 });
  expect(witness).toEqual({ confirmed: 0, unconfirmed: 7 });
});

test("the missing events are not known if the log does not answer or is uncertain", async () => {
  const reader = { readBooks: async () => EMPTY_BOOKS };
  const uncertain = { ...new Simulation().snapshot(), isUncertain: true as const };
  for (const readLogSnapshot of [away, async () => uncertain]) {
    const whole = await readBooks({ reader, readLogSnapshot, confirmedEvents: unheard }, { maxTopics: 0 });
    expect(whole.witness).toBeUndefined();
  }
});

test("the drift is that of the tables if log and books agree, and no defect hides another", async () => {
  const contents = { ...new Simulation().snapshot(), removed: 5 };
  const driftWith = async (books: Partial<Books>) => {
    const reader = { readBooks: async () => ({ ...EMPTY_BOOKS, ...books }) };
    return (
      await readBooks({ reader, readLogSnapshot: async () => contents, confirmedEvents: unheard }, { maxTopics: 0 })
    ).drift;
  };
  expect(await driftWith({ appliedGoneFrames: 5 })).toBe(0);
  expect(await driftWith({ appliedGoneFrames: 5, tableDrift: 2 })).toBe(2);
  expect(await driftWith({ appliedGoneFrames: 6, tableDrift: 1 })).toBe(-1);
});

test("the drift is not known if the log does not answer, is uncertain, or cannot list its frames", async () => {
  const simulation = new Simulation();
  simulation.append(3);
  const reader = { readBooks: async (query: BooksQuery) => simulation.books(query) };
  const { held: _, ...unnamed } = simulation.snapshot();
  const uncertain = { ...simulation.snapshot(), isUncertain: true as const };
  for (const readLogSnapshot of [away, async () => unnamed, async () => uncertain]) {
    expect(
      (await readBooks({ reader, readLogSnapshot, confirmedEvents: unheard }, { maxTopics: 0 })).drift,
    ).toBeUndefined();
  }
});

test("an unreachable store is reported by the books", async () => {
  const gone = new Unavailable({ code: "store_unreachable", detail: "gone" });
  const reader = { readBooks: () => Promise.reject(gone) };
  const readLogSnapshot = async () => new Simulation().snapshot();
  await expect(readBooks({ reader, readLogSnapshot, confirmedEvents: unheard }, { maxTopics: 0 })).rejects.toBe(gone);
});

const whole = (stored: number, events: number, isUncertain?: true): WholeBooks => {
  const books = { ...EMPTY_BOOKS, stored };
  return { books, queue: { events, isUncertain: isUncertain ? true : undefined } };
};

test("the sum does not decrease after an uncertain snapshot, and follows the store once it is larger", async () => {
  const steady = keepSteady();
  const sums = [];
  for (const read of [whole(10, 5), whole(12, 1, true), whole(12, 9, true), whole(20, 0, true), whole(20, 3)]) {
    const { books, queue } = await steady(async () => read);
    sums.push([books.stored, queue?.events]);
  }
  expect(sums).toEqual([
    [10, 5],
    [12, 3],
    [12, 3],
    [20, 0],
    [20, 3],
  ]);
});

test("the sum does not decrease if an older read ends after a newer one, and decreases after a purge", async () => {
  const steady = keepSteady();
  const older = Promise.withResolvers<WholeBooks>();
  const reading = steady(() => older.promise);
  await steady(async () => whole(10, 9));
  older.resolve(whole(10, 5));
  await reading;
  expect((await steady(async () => whole(10, 0, true))).queue?.events).toBe(9);

  await steady(async () => whole(10, 0));
  expect((await steady(async () => whole(10, 1, true))).queue?.events).toBe(0);
});
