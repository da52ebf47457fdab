import { expect, test } from "vitest";
import type { HistoryAnswer } from "../api/contract.d.ts";
import { makeStats, makeTopic } from "../books/observation-fixture.ts";
import { createHistory } from "./history.js";
import type { Range } from "./ranges.js";

const FIVE_MINUTES: Range = { name: "", lengthMs: 300_000, step: "1m", everyMs: 0 };
const HOUR: Range = { name: "", lengthMs: 3_600_000, step: "1m", everyMs: 0 };
const NOW = Date.parse("2025-10-23T10:04:30Z");
const minute = (number: number) => `2025-10-23T10:0${number}:00Z`;

/** An answer of /stats/history in minutes: as many events received, stored and dropped in each. */
function answerOf(
  counts: number[],
  starts: HistoryAnswer["starts"] = [],
  begins_at: string | null = null,
): HistoryAnswer {
  const rest = { conflicts: 0, dead_lettered: 0, complete: true };
  const steps = counts.map((count, index) => {
    return { start: minute(index), received: 2 * count, stored: count, duplicates: count, ...rest };
  });
  return { since: "", until: "", step_seconds: 60, topic: null, begins_at, steps, starts };
}

const reading = (answer: HistoryAnswer) => createHistory({ read: async () => answer });

/** Adds an answer of /stats at each of these seconds, with one more stored event of topic `t` than the one before. */
function addAnswers(history: ReturnType<typeof createHistory>, ...seconds: number[]) {
  seconds.forEach((second, index) => {
    const by_topic = [makeTopic({ received: index })];
    const stats = makeStats({ unique_processed: index, duplicate_dropped: 0, by_topic });
    history.add({ stats, readAt: NOW + second * 1_000 });
  });
}

test("a range has the rates of its steps as soon as it is loaded, and the last step ends now", async () => {
  const history = reading(answerOf([60, 0, 30, 0, 15]));
  expect(history.of(HOUR).rates).toEqual([]);

  await history.load(HOUR, NOW);

  expect(history.of(HOUR).rates.map(({ stored }) => stored)).toEqual([1, 0, 0.5, 0, 0.5]);
  expect(history.of(HOUR).rates.at(-1)).toMatchObject({ from: Date.parse(minute(4)), at: NOW, duplicates: 0.5 });
  expect(history.of(FIVE_MINUTES).rates).toEqual([]); // another range was loaded
});

test("a time without answers of /stats is a gap, but for the steps that are recorded whole", async () => {
  const history = reading(answerOf([60, 60, 60, 60, 60]));
  await history.load(FIVE_MINUTES, NOW);
  addAnswers(history, -215, -210, -85, -80); // 10:00:55, 10:01:00, 10:03:05, 10:03:10

  const shown = history.of(FIVE_MINUTES).rates.map(({ from, at }) => [(from - NOW) / 1_000, (at - NOW) / 1_000]);

  expect(shown).toEqual([
    [-270, -215],
    [-215, -210],
    [-210, -150],
    [-150, -90],
    [-85, -80],
  ]);
});

test("the answers of /stats take the place of the steps of the last five minutes, and of no longer range", async () => {
  for (const [range, expected] of [
    [FIVE_MINUTES, [60, 60, 60, 60, 25, 5]],
    [HOUR, [60, 60, 60, 60, 30]],
  ] as const) {
    const history = reading(answerOf([1, 1, 1, 1, 1]));
    await history.load(range, NOW);

    addAnswers(history, -5, 0);

    expect(history.of(range).rates.map(({ from, at }) => (at - from) / 1_000)).toEqual(expected);
  }
});

test("a store with fewer stored events is another store, so its rates begin again", () => {
  const history = createHistory();
  [5, 6, 1, 2].forEach((unique_processed, index) => {
    history.add({ stats: makeStats({ unique_processed }), readAt: (index + 1) * 1_000 });
  });

  expect(history.of(FIVE_MINUTES).rates).toEqual([{ from: 3_000, at: 4_000, stored: 1, duplicates: 0 }]);
});

test("the same answer of /stats again makes no rate", () => {
  const history = createHistory();
  for (let turn = 0; turn < 2; turn++) history.add({ stats: makeStats(), readAt: 1_000 });

  expect(history.of(FIVE_MINUTES).rates).toEqual([]);
});

test("services that started in a step are named together", async () => {
  const starts = [
    { start: minute(1), service: "consumer", count: 3 },
    { start: minute(1), service: "gateway", count: 1 },
  ];
  const history = reading(answerOf([0, 0], starts, minute(1)));

  await history.load(HOUR, NOW);

  expect(history.of(HOUR)).toMatchObject({
    starts: [{ at: Date.parse(minute(1)), text: "started: consumer (3 times), gateway" }],
    beganAt: Date.parse(minute(1)),
  });
});

test("the received events of a topic are those of its minutes, and then those between two answers of /stats", async () => {
  const history = reading(answerOf([0, 10, 20, 30, 40]));
  addAnswers(history, -30, -15, 0);
  history.receivedOf("t"); // asks for the minutes

  await expect.poll(() => history.receivedOf("t", 5)[1]).toBeGreaterThan(0);

  // Parts of a minute, which begin in the middle of one; two answers add an event each.
  expect(history.receivedOf("t", 5)).toEqual([0, 10, 30, 50, 32]);
});
