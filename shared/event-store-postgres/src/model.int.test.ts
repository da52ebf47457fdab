import { Unavailable } from "@tidemark/domain/errors";
import { apply } from "@tidemark/event-store/contract/applying";
import { verifyHistory } from "@tidemark/event-store/contract/history/read-history";
import { makeFrames, plans, type SentFrame } from "@tidemark/event-store/contract/model/against-model";
import { type JudgedFrame, type ModelledStore, verifyStore } from "@tidemark/event-store/contract/model/verify-store";
import type { Applied } from "@tidemark/event-store/event-store";
import { CRASH_POINTS, installCrashPoints, whileCrashing } from "@tidemark/test-support/databases/crash-points";
import { waitFor } from "@tidemark/test-support/wait-for";
import fc from "fast-check";
import { expect, test } from "vitest";
import { prepareStores } from "./fixture/postgres-event-stores.ts";

/** Returns the verdicts of each frame. All answers about a frame must agree, and it must be new exactly once. */
function judgedFrames(sent: SentFrame[], answers: Applied[], newAnswers: number): JudgedFrame[] {
  const frames = answers.flatMap((answer) => answer.frames);
  return sent.flatMap(({ copies, delivery }) => {
    const answered = frames.filter(({ frameId }) => frameId === delivery.frame.id);
    const [first] = answered;
    if (first === undefined) return [];
    expect(new Set(answered.map(({ verdicts }) => verdicts))).toEqual(new Set([first.verdicts]));
    expect(answered.filter(({ isNew }) => isNew).length).toBeLessThanOrEqual(1);
    expect(answered.filter(({ isNew }) => isNew).length).toBeGreaterThanOrEqual(newAnswers);
    return [{ frameId: delivery.frame.id, copies, verdicts: first.verdicts }];
  });
}

/** Returns the batch of a call of a plan. */
const batchOf = (sent: SentFrame[], call: number[]) => call.flatMap((number) => sent[number]?.delivery ?? []);

/** Applies a batch again until the store takes it, as a consumer does. */
async function applyAtLast(store: ModelledStore, batch: SentFrame["delivery"][]): Promise<Applied> {
  return waitFor("the store to apply", () =>
    apply(store, ...batch).catch((error: unknown) => {
      if (error instanceof Unavailable) return undefined;
      throw error;
    }),
  );
}

test("two writers at once store each event once and count each frame once", async () => {
  const { beside, openConsumer } = await prepareStores();
  const [first, second] = [await openConsumer(), await openConsumer()];
  // The open minute of each slot becomes one that has passed, as if the next transaction came a minute later.
  const endMinute = () => beside.query("UPDATE book_totals SET minute = minute - 1 WHERE minute > 0");
  await fc.assert(
    fc.asyncProperty(plans, fc.array(fc.array(fc.nat(11), { minLength: 1, maxLength: 4 })), async (plan, others) => {
      const sent = makeFrames(plan.frames);
      const write = async (store: ModelledStore, calls: number[][]) => {
        const answers: Applied[] = [];
        for (const call of calls) {
          answers.push(await apply(store, ...batchOf(sent, call)));
          await endMinute();
        }
        return answers;
      };

      const answers = await Promise.all([write(first, plan.calls), write(second, others)]);

      await verifyStore(second, judgedFrames(sent, answers.flat(), 1));
    }),
    { numRuns: 40, endOnFailure: true },
  );
  await verifyHistory(second);
});

const crashes = fc.array(fc.option(fc.constantFrom(...CRASH_POINTS)), { minLength: 8, maxLength: 8 });

test("a writer that dies inside a transaction leaves all of it or nothing, and applying the same frames again completes it", async () => {
  const { beside, openConsumer } = await prepareStores();
  const [store, other] = [await openConsumer(), await openConsumer()];
  await installCrashPoints(beside);
  await fc.assert(
    fc.asyncProperty(plans, crashes, async ({ frames, calls }, points) => {
      const sent = makeFrames(frames);
      const answers: Applied[] = [];
      for (const [index, call] of calls.entries()) {
        const batch = batchOf(sent, call);
        const point = points[index];
        if (point) {
          const died = await whileCrashing(beside, point, () =>
            apply(store, ...batch).catch((error: unknown) => error),
          );
          if (!(died instanceof Unavailable)) answers.push(died as Applied); // the writer did not reach that point
        }
        answers.push(await applyAtLast(index % 2 === 0 ? store : other, batch));
      }

      await verifyStore(store, judgedFrames(sent, answers, 1));
    }),
    { numRuns: 15, endOnFailure: true },
  );
  await verifyHistory(store);
});

test("every frame is counted once in the end when writers die at any moment, with or without an answer", async () => {
  const { beside, openConsumer } = await prepareStores();
  const store = await openConsumer();
  const cutWriters = () =>
    beside.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE 'tidemark%' AND query LIKE '%apply%'`,
    );
  await fc.assert(
    fc.asyncProperty(plans, fc.array(fc.nat(6), { minLength: 8, maxLength: 8 }), async ({ frames, calls }, looks) => {
      const sent = makeFrames(frames);
      const answers: Applied[] = [];
      for (const [index, call] of calls.entries()) {
        const batch = batchOf(sent, call);
        const applying = applyAtLast(store, batch);
        // A varying number of round trips to the same server moves the cut to different points of the transaction.
        for (let look = 0; look < (looks[index] ?? 0); look++) await beside.query("SELECT 1");
        await cutWriters();
        answers.push(await applying);
      }

      await verifyStore(store, judgedFrames(sent, answers, 0));
    }),
    { numRuns: 15, endOnFailure: true },
  );
  await verifyHistory(store);
});
