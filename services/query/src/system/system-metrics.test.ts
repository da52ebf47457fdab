import { Unavailable } from "@tidemark/domain/errors";
import type { LogSnapshot } from "@tidemark/event-log/event-log";
import { GatewayHeartbeats } from "@tidemark/event-log/gateway-heartbeats";
import { createMemorySignals } from "@tidemark/event-log/memory-signals";
import type { Books } from "@tidemark/event-store/books";
import type { StoreUsage } from "@tidemark/event-store/usage";
import { Metrics } from "@tidemark/telemetry/metrics/metrics";
import { expect, test } from "vitest";
import { EMPTY_BOOKS, EMPTY_LOG } from "../query-fixture.ts";
import { addSystemMetrics } from "./system-metrics.ts";
import { createSystemState } from "./system-state.ts";

const away = () => Promise.reject(new Unavailable({ code: "store_unreachable", detail: "away" }));

/** Returns the samples of a scrape of a system whose log and store are these. */
async function scrape(
  readLogSnapshot: () => Promise<LogSnapshot>,
  readBooks: () => Promise<Books>,
  readUsage: () => Promise<StoreUsage> = async () => ({ databaseBytes: 7 }),
) {
  const readLogDisk = async () => ({ freeBytes: 30, sizeBytes: 90 });
  const metrics = new Metrics();
  const signals = createMemorySignals();
  const sources = { reader: { readBooks }, readLogSnapshot, confirmedEvents: () => new Map() };
  const gateways = new GatewayHeartbeats(signals);
  const store = { readUsage };
  addSystemMetrics(metrics, createSystemState({ sources, onBooks: () => {}, signals, gateways, store, readLogDisk }));
  const lines = (await metrics.text()).split("\n").filter((line) => line.startsWith("tidemark_"));
  return new Map(lines.map((line) => line.split(" ") as [string, string]));
}

const log = async () => ({ ...EMPTY_LOG, bytes: 800, maxBytes: 1_000, replicasMissing: 1 });
const books = async () => EMPTY_BOOKS;

test("while the store is down the gauges of the log are shown, and those of the books are absent", async () => {
  const shown = await scrape(log, away, away);
  expect(Object.fromEntries(shown)).toEqual({
    tidemark_log_up: "1",
    tidemark_log_bytes: "800",
    tidemark_log_limit_bytes: "1000",
    tidemark_log_replicas_missing: "1",
    'tidemark_disk_free_bytes{volume="log"}': "30",
    'tidemark_disk_size_bytes{volume="log"}': "90",
    tidemark_store_up: "0",
    tidemark_gateways: "0",
    tidemark_consumers: "0",
  });
});

test("while the log is down no gauge says how full it is", async () => {
  const shown = await scrape(away, books);
  expect(shown.get("tidemark_log_up")).toBe("0");
  expect(shown.get("tidemark_store_up")).toBe("1");
  expect([...shown.keys()]).not.toContain("tidemark_log_bytes");
  expect([...shown.keys()]).not.toContain("tidemark_drift_frames");
});

test("a gauge that was known is absent once it is not known", async () => {
  let isAway = false;
  const seen: string[] = [];
  const metrics = new Metrics();
  metrics.readGauges({
    read: () => (isAway ? undefined : 5),
    gauges: [{ name: "tidemark_test", help: "A test.", value: (reading) => reading }],
  });
  seen.push(await metrics.text());
  isAway = true;
  seen.push(await metrics.text());
  expect(seen.map((text) => /^tidemark_test .*$/m.exec(text)?.[0])).toEqual(["tidemark_test 5", undefined]);
});
