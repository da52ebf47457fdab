import type { EventPage, EventQuery } from "@tidemark/event-store/event-store";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createReadBudgets } from "../paging/read-budget.ts";
import { type PolledPage, StreamPoller } from "./stream-poller.ts";

const never = new AbortController().signal;
const WAIT_MS = 60_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Opens a poller over a store whose events are numbers, and whose positions count the events before them. */
function openPoller({ stored = 0 } = {}) {
  const store = { stored, isUp: true };
  const reads: Pick<EventQuery, "after" | "upTo">[] = [];
  const listEvents = async ({ after, upTo }: EventQuery): Promise<EventPage> => {
    reads.push({ after, upTo });
    if (!store.isUp) throw new Error("the store is down");
    const end = upTo === undefined ? store.stored : Number(upTo);
    const numbers = Array.from({ length: Math.max(0, end - Number(after)) }, (_, index) => Number(after) + index);
    return { events: numbers.map((number) => ({ eventId: `${number}` })) as EventPage["events"], next: `${end}` };
  };
  const { streams: budget } = createReadBudgets();
  const warn = vi.fn();
  const toText = ({ events }: EventPage) => events.map(({ eventId }) => `${eventId} `).join("");
  const start = `${stored}`;
  const poller = new StreamPoller({
    reader: { listEvents },
    budget,
    reach: {},
    start,
    toText,
    logger: { warn },
  });
  const commit = (events: number) => {
    store.stored += events;
    poller.wake();
  };
  return { poller, store, reads, budget, warn, commit };
}

const textOf = (page: PolledPage | undefined) => page?.bytes.toString();

test("streams at the poller's position share one read and one page", async () => {
  const { poller, reads, commit } = openPoller();
  await vi.advanceTimersByTimeAsync(100);
  const waiting = Array.from({ length: 256 }, () => poller.pageAfter("0", WAIT_MS, { clientId: "c", signal: never }));
  reads.length = 0;
  commit(2);
  await vi.advanceTimersByTimeAsync(10);
  expect((await Promise.all(waiting)).map(textOf)).toEqual(Array(256).fill("0 1 "));
  expect(reads).toHaveLength(1);
});

test("a sleeping poller reads at once when it is woken", async () => {
  const { poller, reads } = openPoller();
  await vi.advanceTimersByTimeAsync(100);
  expect(reads).toHaveLength(1);
  poller.wake();
  await vi.advanceTimersByTimeAsync(0);
  expect(reads).toHaveLength(2);
});

test("a sleeping poller reads every 500 ms without a signal", async () => {
  const { reads } = openPoller();
  await vi.advanceTimersByTimeAsync(10 * 520);
  expect(reads).toHaveLength(11);
});

test("a poller that is woken while it pauses reads after the pause, once for all signals", async () => {
  const { poller, reads } = openPoller();
  await vi.advanceTimersByTimeAsync(1);
  for (let signal = 0; signal < 10; signal++) poller.wake();
  await vi.advanceTimersByTimeAsync(18);
  expect(reads).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(20);
  expect(reads).toHaveLength(2);
});

test("a poller that read events reads again after the pause, without a signal", async () => {
  const { reads, commit } = openPoller();
  await vi.advanceTimersByTimeAsync(100);
  reads.length = 0;
  commit(1);
  await vi.advanceTimersByTimeAsync(30);
  expect(reads.map(({ after }) => after)).toEqual(["0", "1"]);
});

test("a stream behind the poller reads separate pages, up to the position of the poller", async () => {
  const { poller, reads } = openPoller({ stored: 5 });
  await vi.advanceTimersByTimeAsync(100);
  reads.length = 0;
  expect(textOf(await poller.pageAfter("2", WAIT_MS, { clientId: "c", signal: never }))).toBe("2 3 4 ");
  expect(reads).toEqual([{ after: "2", upTo: "5" }]);
});

test("a stream without new events gets undefined at its deadline", async () => {
  const { poller } = openPoller();
  const waiting = poller.pageAfter("0", 1_000, { clientId: "c", signal: never });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await waiting).toBeUndefined();
});

test("a stream that ends gets undefined at once", async () => {
  const { poller } = openPoller();
  const ending = new AbortController();
  const waiting = poller.pageAfter("0", WAIT_MS, { clientId: "c", signal: ending.signal });
  ending.abort();
  expect(await waiting).toBeUndefined();
});

test("a poller continues after the store was down, and misses no event", async () => {
  const { poller, store, warn, commit } = openPoller();
  store.isUp = false;
  const waiting = poller.pageAfter("0", WAIT_MS, { clientId: "c", signal: never });
  commit(3);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(warn).toHaveBeenCalled();
  store.isUp = true;
  await vi.advanceTimersByTimeAsync(600);
  expect(textOf(await waiting)).toBe("0 1 2 ");
});

test("the room of a page is given back once the poller and all its streams have released it", async () => {
  const { poller, budget, commit } = openPoller();
  await vi.advanceTimersByTimeAsync(100);
  const waiting = [
    poller.pageAfter("0", WAIT_MS, { clientId: "c", signal: never }),
    poller.pageAfter("0", WAIT_MS, { clientId: "c", signal: never }),
  ];
  commit(1);
  await vi.advanceTimersByTimeAsync(100);
  const pages = await Promise.all(waiting);
  const isEmpty = () => {
    const room = budget.pages.enter();
    const hasRoom = room.tryGrow(32_000_000);
    room.release();
    return hasRoom;
  };
  pages[0]?.release();
  expect(isEmpty()).toBe(false);
  pages[1]?.release();
  expect(isEmpty()).toBe(true);
});

test("a stopped poller reads no more and keeps no page", async () => {
  const { poller, reads, budget, commit } = openPoller();
  commit(1);
  await vi.advanceTimersByTimeAsync(10);
  poller.stop();
  const count = reads.length;
  commit(1);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(reads).toHaveLength(count);
  expect(budget.pages.enter().tryGrow(32_000_000)).toBe(true);
});
