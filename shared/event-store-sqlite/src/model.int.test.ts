import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { apply } from "@tidemark/event-store/contract/applying";
import { verifyHistory } from "@tidemark/event-store/contract/history/read-history";
import { makeFrames, plans, type SentFrame } from "@tidemark/event-store/contract/model/against-model";
import { ModelStore } from "@tidemark/event-store/contract/model/model-store";
import { verifyStore } from "@tidemark/event-store/contract/model/verify-store";
import type { Applied } from "@tidemark/event-store/event-store";
import { createLogger } from "@tidemark/telemetry/logger";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { openSqliteEventStore } from "./sqlite-event-store.ts";

// As in sqlite-event-store.int.test.ts: half of the cost of starting a store.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), "tidemark-compile-cache");

const logger = createLogger({ service: "test", level: "silent" });

async function pathForTest(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return join(directory, "tidemark.db");
}

/**
 * Lets a process apply the calls, and kills it after this number of answers. The next call is then under way or done.
 */
async function applyAndKill(
  path: string,
  calls: SentFrame["delivery"][][],
  answersUntilKill: number,
): Promise<Applied[]> {
  const callsPath = `${path}.calls`;
  const written = calls.map((call) =>
    call.map(({ frame, origin }) => ({ frame: { ...frame, events: frame.events.toString() }, origin })),
  );
  await writeFile(callsPath, JSON.stringify(written));
  const script = new URL("./fixture/sqlite-store-that-is-killed.ts", import.meta.url).pathname;
  const victim = spawn(process.execPath, [script, path, callsPath], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void victim.kill("SIGKILL"));
  const ended = once(victim, "exit");
  const answers: Applied[] = [];
  for await (const line of createInterface(victim.stdout)) {
    answers.push(JSON.parse(line) as Applied);
    if (answers.length === answersUntilKill) victim.kill("SIGKILL");
  }
  await ended;
  return answers;
}

test("a killed process leaves each call complete or absent in SQLite, and applying the same frames again completes it", async () => {
  const path = await pathForTest();
  await fc.assert(
    fc.asyncProperty(plans, fc.integer({ min: 1, max: 4 }), async ({ frames, calls }, answersUntilKill) => {
      const sent = makeFrames(frames);
      const batches = calls.map((call) => call.flatMap((number) => sent[number] ?? []));
      const model = new ModelStore();
      const expected = batches.map((batch) =>
        batch.map(({ copies, delivery }) => model.apply(delivery.frame.id, copies)),
      );

      const deliveries = batches.map((batch) => batch.map(({ delivery }) => delivery));
      const answers = await applyAndKill(path, deliveries, answersUntilKill);

      expect(answers.map((answer) => answer.frames)).toEqual(expected.slice(0, answers.length));
      const store = await openSqliteEventStore({ path, logger });
      try {
        // The calls that were answered are stored. The ledger shows whether the call under way was stored.
        for (const batch of deliveries) await apply(store, ...batch);
        const verdictsById = new Map(expected.flat().map(({ frameId, verdicts }) => [frameId, verdicts]));
        await verifyStore(
          store,
          sent.flatMap(({ copies, delivery: { frame } }) => {
            const verdicts = verdictsById.get(frame.id);
            return verdicts === undefined ? [] : [{ frameId: frame.id, copies, verdicts }];
          }),
        );
        await verifyHistory(store);
      } finally {
        await store.close();
      }
    }),
    { numRuns: 5, endOnFailure: true },
  );
});
