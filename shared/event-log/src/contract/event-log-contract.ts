import { nowMs } from "@tidemark/domain/clock";
import type { SequenceRange } from "@tidemark/domain/origin";
import { waitFor } from "@tidemark/test-support/wait-for";
import { describe, expect, onTestFinished, test } from "vitest";
import type { EventLog } from "../event-log.ts";
import { createFrame, PLENTY, takeAll, takeSome, waitForFrames } from "./frames.ts";

/** An empty log for one test. Opening it again opens the same log. */
interface LogUnderTest {
  open(): Promise<EventLog>;
  close(): Promise<void>;
}

export interface LogTraits {
  createLog(size?: { maxEvents: number; maxBytes: number }): Promise<LogUnderTest>;
  /** The error code of a full log. */
  fullCode: "log_full" | "queue_full";
}

// A broker in a container may have another clock.
const CLOCKS_DIFFER_MS = 5_000;
const SOME_TRACE = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7", isSampled: true };

/** Tests all promises of the event log port, for any implementation. */
export function describeEventLog(name: string, { createLog, fullCode }: LogTraits): void {
  async function openLog(size?: { maxEvents: number; maxBytes: number }): Promise<EventLog> {
    const underTest = await createLog(size);
    onTestFinished(() => underTest.close());
    return underTest.open();
  }

  describe(name, () => {
    test("frames are delivered unchanged, in the order of their appends", async () => {
      const log = await openLog();
      const frames = [
        createFrame({
          requests: [1, 1, 1, 250, 2],
          replyTo: "tidemark.verdict.0a",
          contexts: [{ request: 1, requestId: "r-1", trace: SOME_TRACE }],
        }),
        createFrame({ receivedAtMs: 1_700_000_000_123 }),
        createFrame({ events: Buffer.from(Uint8Array.from({ length: 512 }, (_, index) => index % 256)) }),
      ];
      for (const frame of frames) await log.append(frame);
      expect((await takeAll(log, 3)).map(({ frame }) => frame)).toEqual(frames);
    });

    test("a delivery has the time at which the log received its frame", async () => {
      const log = await openLog();
      const before = nowMs();
      await log.append(createFrame());
      const after = nowMs();
      const [delivery] = await takeAll(log, 1);
      expect(delivery?.loggedAtMs).toBeGreaterThan(before - CLOCKS_DIFFER_MS);
      expect(delivery?.loggedAtMs).toBeLessThan(after + CLOCKS_DIFFER_MS);
    });

    test("a waiting take gets the frame that is appended next", async () => {
      const log = await openLog();
      const taking = log.take(PLENTY);
      const frame = createFrame();
      await log.append(frame);
      expect((await taking).map((delivery) => delivery.frame)).toEqual([frame]);
    });

    test("frames are numbered from 1 within a generation of the log", async () => {
      const log = await openLog();
      await log.append(createFrame());
      await log.append(createFrame());
      const [first, second] = await takeAll(log, 2);
      const { generation } = await log.snapshot();
      expect([first?.origin, second?.origin]).toEqual([
        { generation, sequence: 1 },
        { generation, sequence: 2 },
      ]);
    });

    test("a frame that was given back is delivered again after the delay", async () => {
      const log = await openLog();
      await log.append(createFrame());
      const [first] = await takeAll(log, 1);
      const givenBackAt = performance.now();
      first?.retry(200);
      const [again] = await takeAll(log, 1);
      expect(performance.now() - givenBackAt).toBeGreaterThan(190);
      expect(again).toMatchObject({ frame: first?.frame, origin: first?.origin });
    });

    test("an acknowledged frame is not delivered again", async () => {
      const log = await openLog();
      await log.append(createFrame());
      const [first] = await takeAll(log, 1);
      first?.ack();
      first?.retry(0); // ignored: the delivery is already acknowledged
      const next = createFrame();
      await log.append(next);
      expect((await takeAll(log, 1))[0]?.frame).toEqual(next);
      await waitFor("one frame to remain", async () => (await log.snapshot()).frames === 1);
    });

    test("a take returns no more than its limits allow, but at least one frame", async () => {
      const log = await openLog();
      const sizes = [5, 3, 3, 3, 1];
      for (const size of sizes) await log.append(createFrame({ requests: [size], events: Buffer.alloc(100, 0x20) }));
      await waitFor("all frames to be in the log", async () => (await log.snapshot()).frames === sizes.length);
      const taken: number[][] = [];
      const limits = [
        { maxEvents: 4, maxBytes: 1_000 },
        { maxEvents: 6, maxBytes: 1_000 },
        { maxEvents: 100, maxBytes: 50 },
        { maxEvents: 100, maxBytes: 1_000 },
      ];
      for (const limit of limits) {
        taken.push((await log.take(limit)).map(({ frame }) => frame?.requests[0] ?? 0));
      }
      expect(taken[0]).toEqual([5]);
      expect(taken.flat().slice(0, 4)).toEqual(sizes.slice(0, 4));
      for (const [index, counts] of taken.entries()) {
        const events = counts.reduce((sum, count) => sum + count, 0);
        expect(counts.length === 1 || events <= (limits[index]?.maxEvents ?? 0)).toBe(true);
      }
    });

    test("a snapshot counts the frames held and the frames that have left", async () => {
      const log = await openLog();
      expect(await log.snapshot()).toMatchObject({ events: 0, frames: 0, lastSequence: 0, held: [], removed: 0 });

      const before = Date.now();
      for (const size of [1, 20, 300]) await log.append(createFrame({ requests: [size] }));
      const full = await log.snapshot();
      expect(full).toMatchObject({
        events: 321,
        frames: 3,
        lastSequence: 3,
        held: [{ first: 1, last: 3 }],
        removed: 0,
      });
      expect(full.oldestAtMs).toBeGreaterThan(before - 1_000);
      expect(full.oldestAtMs).toBeLessThan(Date.now() + 1_000);

      const [first, second, third] = await takeAll(log, 3);
      second?.ack();
      await waitForFrames(log, 2);
      expect(await log.snapshot()).toMatchObject({
        events: 301,
        lastSequence: 3,
        held: [
          { first: 1, last: 1 },
          { first: 3, last: 3 },
        ],
        removed: 1,
      });

      first?.ack();
      third?.ack();
      await waitForFrames(log, 0);
      const empty = await log.snapshot();
      expect(empty).toMatchObject({ events: 0, lastSequence: 3, held: [], removed: 3 });
      expect(empty.oldestAtMs).toBeUndefined();
    });

    test("a snapshot under traffic is exact, and includes every frame that was confirmed before", async () => {
      const log = await openLog();
      const total = 400;
      const sizeOf = (sequence: number) => 1 + (sequence % 13);
      let confirmed = 0;
      let acknowledged = 0;
      const appending = (async () => {
        while (confirmed < total) {
          await log.append(createFrame({ requests: [sizeOf(confirmed + 1)] }));
          confirmed++;
        }
      })();
      const acknowledging = (async () => {
        while (acknowledged < total) {
          for (const delivery of await takeSome(log, { maxEvents: 70, maxBytes: 1_000_000 })) {
            delivery.ack();
            acknowledged++;
          }
        }
      })();
      let removed = 0;
      do {
        const before = confirmed;
        const contents = await log.snapshot();
        // On a slow machine frames may leave during every attempt, and the snapshot then says that it is uncertain. The
        // snapshot after the traffic is certain.
        if (contents.isUncertain) continue;
        const held = sequencesOf(contents.held ?? []);
        expect(contents.frames).toBe(held.length);
        expect(contents.events).toBe(held.reduce((sum, sequence) => sum + sizeOf(sequence), 0));
        expect(contents.lastSequence).toBeGreaterThanOrEqual(Math.max(before, held.at(-1) ?? 0));
        expect(contents.removed).toBe(contents.lastSequence - held.length);
        expect(contents.removed).toBeGreaterThanOrEqual(removed);
        expect(contents.removed).toBeLessThanOrEqual(acknowledged);
        removed = contents.removed;
      } while (removed < total);
      await Promise.all([appending, acknowledging]);
    });

    test("a full log refuses a whole frame, and accepts frames again once there is room", async () => {
      const log = await openLog({ maxEvents: 10, maxBytes: 100_000 });
      const frame = () => createFrame({ requests: [4], events: Buffer.alloc(40_000, 0x20) });
      let taken = 0;
      const refusal = await waitFor("the log to be full", async () => {
        try {
          await log.append(frame());
          taken++;
          return undefined;
        } catch (error) {
          return error;
        }
      });
      expect(refusal).toMatchObject({ name: "Unavailable", code: fullCode, retryAfterSeconds: expect.any(Number) });
      expect(await log.snapshot()).toMatchObject({ frames: taken, events: taken * 4 });
      expect(taken).toBe(2);

      for (const delivery of await takeAll(log, taken)) delivery.ack();
      await waitForFrames(log, 0);
      await log.append(frame());
      expect(await log.snapshot()).toMatchObject({ frames: 1, events: 4, lastSequence: taken + 1 });
    });

    test("a log answers a ping", async () => {
      const log = await openLog();
      await expect(log.ping()).resolves.toBeUndefined();
    });

    test("closing ends every take, and confirmed frames stay in the log", async () => {
      const log = await openLog();
      const taking = log.take(PLENTY);
      await log.close();
      expect(await taking).toEqual([]);
      await log.append(createFrame());
      expect(await log.take(PLENTY)).toEqual([]);
      expect((await log.snapshot()).frames).toBe(1);
    });
  });
}

function sequencesOf(runs: SequenceRange[]): number[] {
  return runs.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, index) => first + index));
}
