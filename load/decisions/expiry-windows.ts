import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { formatTable } from "../../tools/markdown-table.ts";
import { formatNumber, formatRatio, median } from "../figures/figures.ts";
import { type ExpiryStore, PAYLOAD } from "./expiry-shapes.ts";

type Store = ExpiryStore["store"];

const EVENTS_A_BATCH = 1_000;
/** As the consumers expire (expire-payloads.ts): steps of 2,000 events, with a pause of 19 times the step after each. */
const STEP = { processedBeforeMs: Date.parse("2025-01-01T00:00:00Z"), limit: 2_000 };
const PAUSES = 19;
const SHORTEST_PAUSE_MS = 50;

interface Windows {
  writers: number;
  rounds: number;
  /** The duration of a window. */
  seconds: number;
}

interface Ingest {
  perSecond: number;
  slowestMs: number;
}

interface Expiry {
  expired: number;
  stepMs: number[];
}

/** Alternates ingest without the expiry with ingest beside it. The order changes with every round. Returns two tables. */
export async function compareWindows(
  store: Store,
  { writers, rounds, seconds }: Windows,
  tell: (words: string) => void,
): Promise<{ pairs: string; ratios: string }> {
  await ingest(store, writers, seconds); // fills the caches
  const pairs: { without: Ingest; beside: Ingest; expiry: Expiry }[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = round % 2 === 0 ? await ingest(store, writers, seconds) : undefined;
    const { beside, expiry } = await ingestBesideExpiry(store, writers, seconds);
    const without = before ?? (await ingest(store, writers, seconds));
    pairs.push({ without, beside, expiry });
    tell(`round ${round + 1}: ${formatRatio(beside.perSecond, without.perSecond)}`);
  }
  const head = [
    "",
    "events/s without",
    "with",
    "ratio",
    "slowest batch without, ms",
    "with, ms",
    "expired",
    "step, ms",
  ];
  const table = pairs.map(({ without, beside, expiry }, round) => [
    String(round + 1),
    formatNumber(without.perSecond),
    formatNumber(beside.perSecond),
    formatRatio(beside.perSecond, without.perSecond),
    formatNumber(without.slowestMs),
    formatNumber(beside.slowestMs),
    formatNumber(expiry.expired),
    formatNumber(median(expiry.stepMs)),
  ]);
  const ofPairs = pairs.map(({ without, beside }) => beside.perSecond / without.perSecond);
  const slowest = (of: "without" | "beside") => formatNumber(Math.max(...pairs.map((pair) => pair[of].slowestMs)));
  const rate = (of: "without" | "beside") => median(pairs.map((pair) => pair[of].perSecond));
  const ratios = [
    ["ingest with the expiry, ratio of the medians", formatRatio(rate("beside"), rate("without"))],
    ["median of the ratios of the rounds", formatNumber(median(ofPairs))],
    ["rounds", `${formatNumber(Math.min(...ofPairs))} to ${formatNumber(Math.max(...ofPairs))}`],
    ["slowest batch without and with, ms", `${slowest("without")}, ${slowest("beside")}`],
  ];
  return { pairs: formatTable(head, table), ratios: formatTable(["", ""], ratios) };
}

/** Expires every old payload without pauses. */
export async function expireAll(store: Store): Promise<void> {
  while (!(await store.expirePayloads(STEP)).isAtEnd);
}

async function ingestBesideExpiry(
  store: Store,
  writers: number,
  seconds: number,
): Promise<{ beside: Ingest; expiry: Expiry }> {
  const end = new AbortController();
  const expiring = expireUntil(store, end.signal);
  const beside = await ingest(store, writers, seconds);
  end.abort();
  return { beside, expiry: await expiring };
}

async function ingest(store: Store, writers: number, seconds: number): Promise<Ingest> {
  let events = 0;
  let slowestMs = 0;
  const startedAt = performance.now();
  const write = async () => {
    for (let at = startedAt; at < startedAt + seconds * 1_000; at = performance.now()) {
      await store.apply([nextDelivery()], { maxNamed: 0 });
      slowestMs = Math.max(slowestMs, performance.now() - at);
      events += EVENTS_A_BATCH;
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  return { perSecond: events / ((performance.now() - startedAt) / 1_000), slowestMs };
}

/** Expires until the signal. @throws {Error} if no old payload is left, because the window would show no expiry */
async function expireUntil(store: Store, signal: AbortSignal): Promise<Expiry> {
  const expiry: Expiry = { expired: 0, stepMs: [] };
  while (!signal.aborted) {
    const startedAt = performance.now();
    const { expired, isAtEnd } = await store.expirePayloads(STEP);
    if (isAtEnd) throw new Error("all old payloads have expired; build the database again");
    const tookMs = performance.now() - startedAt;
    expiry.stepMs.push(tookMs);
    expiry.expired += expired;
    await delay(Math.max(SHORTEST_PAUSE_MS, PAUSES * tookMs), undefined, { signal }).catch(() => {});
  }
  return expiry;
}

function nextDelivery(): Parameters<Store["apply"]>[0][number] {
  const events = Array.from({ length: EVENTS_A_BATCH }, (_, n) => {
    const head = `"topic":"topic.${n % 5}","event_id":"${randomUUID()}","timestamp":"2026-11-30T10:00:00Z","source":"bench"`;
    return `{${head},"payload":${PAYLOAD}}`;
  });
  const frame = {
    id: randomUUID(),
    requests: [EVENTS_A_BATCH],
    receivedAtMs: Date.now(),
    events: Buffer.from(`[${events.join(",")}]`),
  };
  return { frame, origin: { generation: "payload-expiry", sequence: 1 } };
}
