import type { Counts } from "@tidemark/client/answer";
import { sourceOf, TOPICS } from "../load/sent-event.ts";
import type { Attempt } from "../load/tally.ts";
import type { Observations } from "./observations.ts";

/** A request of a simulated run: its events by number, the last being its probe, and its outcome. */
export interface ModelRequest {
  numbers: number[];
  /** Events that become dead letters. */
  slow?: number[];
  fate: "answered" | "receipt" | "lost, taken" | "lost, not taken" | "refused";
}

/** A simulated run, in which a test breaks a promise. */
export interface ModelRun {
  observations: Observations;
  timesStored: Map<number, number>;
}

type Figures = [received: number, unique: number, dead: number];

/** Simulates requests to a perfect service, and returns the observations. */
export function modelRun(requests: ModelRequest[], change: (run: ModelRun) => void = () => {}): Observations {
  const timesStored = new Map<number, number>();
  const received = new Map<string, number>();
  const dead = new Map<string, number>();
  const receipts = new Map<string, Counts | undefined>();
  const attempts = requests.map(({ numbers, slow = [], fate }, index): Attempt => {
    const attempt = { numbers, slow, beganAtMs: 2 * index, endedAtMs: 2 * index + 1, conflicts: 0, isBad: false };
    if (fate === "refused") return { ...attempt, outcome: "failed", answer: "503 log_full" };
    if (fate === "lost, not taken") return { ...attempt, outcome: "unknown", answer: "ECONNRESET" };
    const counts = { ...store(numbers, timesStored, received), deadLettered: slow.length };
    counts.received += slow.length;
    for (const number of slow) add(dead, topicOf(number), 1);
    if (fate === "lost, taken") return { ...attempt, outcome: "unknown", answer: "ECONNRESET" };
    if (fate === "answered") return { ...attempt, outcome: "ok", answer: "200", counts };
    receipts.set(`/receipts/${index}`, counts);
    return { ...attempt, outcome: "ok", answer: "202", receipt: `/receipts/${index}` };
  });

  const taken = requests.filter(({ fate }) => !["refused", "lost, not taken"].includes(fate));
  const rowsByTopic = new Map<string, number>();
  for (const number of timesStored.keys()) add(rowsByTopic, topicOf(number), 1);
  const rows = timesStored.size;
  const total = [...received.values()].reduce((sum, count) => sum + count, 0);
  const deadLettered = [...dead.values()].reduce((sum, count) => sum + count, 0);
  const byTopic = [...new Set([...received.keys(), ...dead.keys()])].map((topic) => {
    const [count, unique, letters] = [received, rowsByTopic, dead].map((counts) => counts.get(topic) ?? 0) as Figures;
    return {
      topic,
      received: count + letters,
      unique_processed: unique,
      duplicate_dropped: count - unique,
      dead_lettered: letters,
    };
  });
  const bySource = new Map<string, number>();
  for (const { numbers } of taken) for (const number of numbers) add(bySource, sourceOf(number), 1);
  for (const number of timesStored.keys()) add(bySource, sourceOf(number), -1);
  const observations: Observations = {
    attempts,
    recount: { rows, timesStored, rowsByTopic, unknownKeys: [], altered: [] },
    stats: {
      received: total + deadLettered,
      unique_processed: rows,
      duplicate_dropped: total - rows,
      conflicts: 0,
      dead_lettered: deadLettered,
      queue_size: 0,
      drift: 0,
      confirmed: total + deadLettered,
      unconfirmed: 0,
      by_topic: byTopic,
      by_source: [...bySource].map(([source, count]) => ({ source, duplicate_dropped: count })),
    },
    dropped: Array.from({ length: total - rows }, () => ({ topic: "", event_id: "", source: "", conflict: false })),
    audit: { balanced: true },
    receipts,
    samples: [],
    endings: [],
    peakBytes: new Map(),
    isEachConfirmationHeard: true,
  };
  change({ observations, timesStored });
  return observations;
}

/** Stores new events and counts duplicates. */
function store(numbers: number[], timesStored: Map<number, number>, received: Map<string, number>): Counts {
  let accepted = 0;
  for (const number of numbers) {
    add(received, topicOf(number), 1);
    if (timesStored.has(number)) continue;
    timesStored.set(number, 1);
    accepted++;
  }
  const duplicates = numbers.length - accepted;
  return { received: numbers.length, accepted, duplicates, conflicts: 0, deadLettered: 0, pending: 0 };
}

function topicOf(number: number): string {
  return TOPICS[number % TOPICS.length] as string;
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}
