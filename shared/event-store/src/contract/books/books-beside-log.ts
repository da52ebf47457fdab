import { randomUUID } from "node:crypto";
import type { SequenceRange } from "@tidemark/domain/origin";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AppliedDelivery, EventStore } from "../../event-store.ts";
import { apply } from "../applying.ts";
import { deliveryOf, eventText, uniqueName } from "../frames.ts";
import type { OpenForTest } from "../store-under-test.ts";

/** A snapshot of a log: the ranges held and the last sequence. */
interface Look {
  generation?: string;
  held: SequenceRange[];
  lastSequence?: number;
}

async function readBeside(store: EventStore, { generation = "now", held, lastSequence = 9 }: Look) {
  const books = await store.readBooks({ maxTopics: 1, log: { generation, held, lastSequence } });
  return { heldEvents: books.appliedHeldEvents, goneFrames: books.appliedGoneFrames };
}

const one = (sequence: number): SequenceRange => ({ first: sequence, last: sequence });

function frameAt(sequence: number, size = 1, generation = "now"): AppliedDelivery {
  return deliveryOf(
    Array.from({ length: size }, () => eventText()),
    { generation, sequence },
  );
}

/** Applies frames of 1, 2, 3 and 4 events at the sequences 2, 4, 6 and 8, and one of 5 in another log. */
async function fill(store: EventStore): Promise<void> {
  await apply(store, ...[1, 2, 3, 4].map((size) => frameAt(2 * size, size)), frameAt(5, 5, "before"));
}

const LOOKS: [what: string, look: Look, books: { heldEvents: number; goneFrames: number }][] = [
  ["all", { held: [{ first: 1, last: 9 }] }, { heldEvents: 10, goneFrames: 0 }],
  ["none", { held: [] }, { heldEvents: 0, goneFrames: 4 }],
  ["some", { held: [{ first: 1, last: 3 }, one(5), { first: 6, last: 7 }] }, { heldEvents: 4, goneFrames: 2 }],
  ["no frame, before the last one was appended", { held: [], lastSequence: 7 }, { heldEvents: 0, goneFrames: 3 }],
  ["one frame, before others were appended", { held: [one(4)], lastSequence: 4 }, { heldEvents: 2, goneFrames: 1 }],
  ["no frame, before any was appended", { held: [], lastSequence: 0 }, { heldEvents: 0, goneFrames: 0 }],
  [
    "all frames, in its former generation",
    { held: [{ first: 1, last: 9 }], generation: "before" },
    { heldEvents: 5, goneFrames: 0 },
  ],
  ["no frame, in its former generation", { held: [], generation: "before" }, { heldEvents: 0, goneFrames: 1 }],
  ["no applied frame", { held: [one(1)], generation: "unheard of" }, { heldEvents: 0, goneFrames: 0 }],
];

export function describeBooksBesideLog(open: OpenForTest): void {
  describe("books beside a log", () => {
    test("books beside a log count the applied events of frames that the log held, and the applied frames that had left", async () => {
      const { store } = await open();
      await fill(store);

      for (const [held, look, books] of LOOKS) expect(await readBeside(store, look), `held ${held}`).toEqual(books);
    });

    test("books beside a log have no counts of a log that is unreachable", async () => {
      const { store } = await open();
      await fill(store);

      const books = await store.readBooks({ maxTopics: 1 });

      expect(books).toMatchObject({ appliedHeldEvents: 0, appliedGoneFrames: 0 });
    });

    test("books beside a log count a frame only once when it is delivered again", async () => {
      const { store } = await open();
      const delivery = frameAt(3, 2);
      await apply(store, delivery, delivery);
      await apply(store, delivery);

      expect(await readBeside(store, { held: [one(3)] })).toEqual({ heldEvents: 2, goneFrames: 0 });
      expect(await readBeside(store, { held: [] })).toEqual({ heldEvents: 0, goneFrames: 1 });
    });

    test("books beside a log count each position of a frame that a log holds twice, even from a former generation", async () => {
      const { store } = await open();
      const { frame, origin } = frameAt(3, 2);
      const again = { frame, origin: { ...origin, sequence: 5 } };
      await apply(store, { frame, origin }, again);
      await apply(store, again, { frame, origin: { generation: "after", sequence: 1 } });
      await apply(store, again, { frame, origin });

      expect(await readBeside(store, { held: [one(3), one(5)] })).toEqual({ heldEvents: 4, goneFrames: 0 });
      expect(await readBeside(store, { held: [one(5)] })).toEqual({ heldEvents: 2, goneFrames: 1 });
      expect(await readBeside(store, { held: [] })).toEqual({ heldEvents: 0, goneFrames: 2 });
      expect(await readBeside(store, { held: [], lastSequence: 4 })).toEqual({ heldEvents: 0, goneFrames: 1 });
      expect(await readBeside(store, { held: [], generation: "after" })).toEqual({ heldEvents: 0, goneFrames: 1 });
    });

    test("books beside a log count the events of all frames that were applied from its generation", async () => {
      const { store, reopen } = await open();
      await fill(store);
      const appliedFrom = async (generation: string, reader: EventStore = store) => {
        const log = { generation, held: [], lastSequence: 3 };
        return (await reader.readBooks({ maxTopics: 0, log })).appliedEvents;
      };

      expect([await appliedFrom("now"), await appliedFrom("before"), await appliedFrom("unheard of")]).toEqual([
        10, 5, 0,
      ]);
      expect((await store.readBooks({ maxTopics: 0 })).appliedEvents).toBe(0);

      const { frame, origin } = frameAt(10, 2);
      await apply(store, { frame, origin }, { frame, origin: { ...origin, sequence: 11 } });
      await apply(store, { frame, origin: { generation: "after", sequence: 1 } });
      await store.deadLetterFrame({
        frameId: randomUUID(),
        origin: { generation: "now", sequence: 12 },
        events: 7,
        receivedAtMs: Date.now(),
        reason: "damaged",
        content: Buffer.from("x"),
      });

      expect([await appliedFrom("now"), await appliedFrom("after")]).toEqual([19, 0]);
      expect(await appliedFrom("now", await reopen())).toBe(19);
    });

    test("books beside a log handle large sequences and many ranges", async () => {
      const { store } = await open();
      const sequence = 2 ** 40;
      await apply(store, frameAt(sequence), frameAt(sequence - 1), frameAt(sequence + 1));
      const held = Array.from({ length: 5_000 }, (_, index) => one(sequence - 2 * (5_000 - 1 - index)));

      const look = { held, lastSequence: sequence };

      expect(await readBeside(store, look)).toEqual({ heldEvents: 1, goneFrames: 1 });
    });

    test("books beside a log count the frames that left after they were applied, even if frames were delivered again", async () => {
      const { store } = await open();
      const delivered = fc.array(fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }), { maxLength: 5 });
      await fc.assert(
        fc.asyncProperty(delivered, fc.uniqueArray(fc.nat(5)), async (calls, kept) => {
          const generation = uniqueName("log");
          // Two of six positions hold a frame that another position holds as well.
          const frames = [1, 2, 3, 4].map((sequence) => frameAt(sequence, 1, generation));
          const places = [...frames, ...frames.slice(0, 2)].map(({ frame }, index) => ({
            frame,
            origin: { generation, sequence: index + 1 },
          }));
          for (const call of calls) await apply(store, ...call.map((index) => places[index] as AppliedDelivery));
          const isKept = (index: number) => kept.includes(index);
          const applied = [...new Set(calls.flat())];
          const held = [0, 1, 2, 3, 4, 5].filter((index) => isKept(index) || !applied.includes(index));

          const look = { generation, held: held.map((index) => one(index + 1)), lastSequence: places.length };

          const heldEvents = applied.filter(isKept).length;
          expect(await readBeside(store, look)).toEqual({ heldEvents, goneFrames: applied.length - heldEvents });
        }),
        { numRuns: 25 },
      );
    });
  });
}
