import { expect, test } from "vitest";
import { createHistory } from "./history.js";
import { makeStats, makeTopic } from "./observation-fixture.ts";

/** Adds an answer of /stats at each second: the received events of topic `t`, all of them stored. */
function historyOf(...received: number[]) {
  const history = createHistory();
  received.forEach((count, index) => {
    const by_topic = [makeTopic({ received: count })];
    history.add({ stats: makeStats({ unique_processed: count, by_topic }), readAt: (index + 1) * 1_000 });
  });
  return history;
}

test("a rate is the difference between two answers per second", () => {
  const history = createHistory();
  history.add({ stats: makeStats({ unique_processed: 10, duplicate_dropped: 0 }), readAt: 1_000 });
  history.add({ stats: makeStats({ unique_processed: 20, duplicate_dropped: 5 }), readAt: 3_000 });

  expect(history.rates()).toEqual([{ at: 3_000, stored: 5, duplicates: 2.5 }]);
});

test("one answer makes no rate, and the same answer again neither", () => {
  const history = createHistory();
  for (let turn = 0; turn < 2; turn++) history.add({ stats: makeStats(), readAt: 1_000 });

  expect(history.rates()).toEqual([]);
});

test("answers are forgotten after the time that is kept", () => {
  const history = historyOf(1, 2, 3);
  history.add({ stats: makeStats({ unique_processed: 4 }), readAt: history.keptMs + 2_000 });

  expect(history.rates().map(({ at }) => at)).toEqual([history.keptMs + 2_000]);
});

test("a store with fewer stored events is another store, so the history begins again", () => {
  expect(historyOf(5, 6, 1, 2).rates()).toEqual([{ at: 4_000, stored: 1, duplicates: 0 }]);
});

test("the received events of a topic are summed into at most the wanted number of points", () => {
  expect(historyOf(0, 1, 3, 6, 10).receivedOf("t", 4)).toEqual([1, 2, 3, 4]);
  expect(historyOf(0, 1, 3, 6, 10).receivedOf("t", 2)).toEqual([3, 7]);
});

test("a topic that the first answers do not list has received nothing before it is listed", () => {
  const history = createHistory();
  history.add({ stats: makeStats(), readAt: 1_000 });
  history.add({ stats: makeStats({ by_topic: [makeTopic({ received: 100 })] }), readAt: 2_000 });
  history.add({ stats: makeStats({ by_topic: [makeTopic({ received: 103 })] }), readAt: 3_000 });

  expect(history.receivedOf("t")).toEqual([0, 3]);
});
