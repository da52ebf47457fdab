import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventText, uniqueName } from "@tidemark/event-store/contract/frames";
import {
  type CollectedSpan,
  type OtlpCollector,
  startCollector,
} from "@tidemark/test-support/processes/otlp-collector";
import { createOwnDatabase, startOwnBroker, startOwnService } from "@tidemark/test-support/processes/own-services";
import { launchService, type ServiceProcess, waitUntilReady } from "@tidemark/test-support/processes/service-process";
import { waitFor } from "@tidemark/test-support/wait-for";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 }); // processes are started

const MARK = "loads a module of OpenTelemetry";
/**
 * Makes a process print a mark when it loads a module of OpenTelemetry, except the API that prom-client itself loads.
 */
const MARK_MODULES = [
  "--import",
  `data:text/javascript,${encodeURIComponent(`
    import { registerHooks } from "node:module";
    registerHooks({
      resolve(specifier, context, next) {
        const isOfMetrics = context.parentURL?.includes("/prom-client/");
        if (specifier.startsWith("@opentelemetry/") && !isOfMetrics) console.error(${JSON.stringify(MARK)}, specifier);
        return next(specifier, context);
      },
    });`)}`,
];

const hex = (bytes: number) => randomBytes(bytes).toString("hex");

function tracingTo({ url }: OtlpCollector): Record<string, string> {
  return { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_BSP_SCHEDULE_DELAY: "50" };
}

/** Publishes an event and a duplicate of it. Returns the id of the request. */
async function publish({ url }: ServiceProcess, headers: Record<string, string> = {}): Promise<string | null> {
  const text = eventText({ topic: uniqueName("trace"), id: "evt-1" });
  const answer = await fetch(`${url}/publish`, {
    method: "POST",
    headers: { "content-type": "application/json", prefer: "wait=30", ...headers },
    body: `[${text},${text}]`,
  });
  expect(await answer.json()).toMatchObject({ accepted: 1, duplicates: 1 });
  return answer.headers.get("x-request-id");
}

const NAMES = [
  "POST /publish",
  "append to log",
  "process frame",
  "wait in log",
  "transaction",
  "send verdicts",
  "wait for verdicts",
] as const;

/** Waits until the collector has the seven spans of a publish, and returns them in the order of `NAMES`. */
function waitForTrace({ spans }: OtlpCollector, isWanted: (span: CollectedSpan) => boolean) {
  return waitFor("the spans of a publish", () => {
    const traceIds = spans.filter(isWanted).map(({ traceId }) => traceId);
    const found = spans.filter(({ traceId }) => traceIds.includes(traceId));
    expect(found.map(({ name }) => name).sort()).toEqual([...NAMES].sort());
    return found.sort((one, other) => orderOf(one) - orderOf(other)) as SevenSpans;
  });
}

const orderOf = ({ name }: CollectedSpan) => (NAMES as readonly string[]).indexOf(name);
type SevenSpans = Record<0 | 1 | 2 | 3 | 4 | 5 | 6, CollectedSpan> & CollectedSpan[];

const isRequest = (requestId: string | null) => (span: CollectedSpan) =>
  span.attributes["tidemark.request_id"] === requestId;

/** Asserts the parent and the service of each span, and the order of the steps in time. */
function expectWhole(found: SevenSpans, gateway: string, consumer: string): void {
  const [request, append, frame, wait, transaction, verdicts, waiting] = found;
  expect(found.slice(1).map(({ parentSpanId }) => parentSpanId)).toEqual(
    [request, append, frame, frame, frame, request].map(({ spanId }) => spanId),
  );
  expect(found.map(({ service, kind }) => [service, kind])).toEqual([
    [gateway, 2],
    [gateway, 4],
    [consumer, 5],
    [consumer, 1],
    [consumer, 1],
    [consumer, 1],
    [gateway, 1],
  ]);

  const starts = [request, append, frame].map(({ startMs }) => startMs);
  const ends = [wait, transaction, verdicts, waiting, request].map(({ endMs }) => endMs);
  expect([...starts, ...ends]).toEqual([...starts, ...ends].sort((one, other) => one - other));
  expect([wait.startMs, transaction.startMs, verdicts.startMs]).toEqual([frame.startMs, wait.endMs, transaction.endMs]);
  expect(frame.endMs).toBe(verdicts.endMs);
  expect(waiting.startMs).toBeGreaterThanOrEqual(append.endMs);

  const counts = { "tidemark.events": 2, "tidemark.stored": 1, "tidemark.duplicates": 1, "tidemark.conflicts": 0 };
  expect(request.attributes).toMatchObject({ "http.route": "/publish", "http.response.status_code": 200 });
  expect(verdicts.attributes).toMatchObject(counts);
  expect(waiting.attributes).toMatchObject({ ...counts, "tidemark.in_time": true });
  expect(frame.attributes["messaging.message.id"]).toBe(append.attributes["messaging.message.id"]);
  expect(found.filter(({ hasFailed }) => hasFailed)).toEqual([]);
}

test("in the stack one trace shows the request, its append, the wait in the log, the transaction and the verdicts", async () => {
  const [collector, broker, database] = await Promise.all([startCollector(), startOwnBroker(), createOwnDatabase()]);
  onTestFinished(() => collector.close());
  const stack = { NATS_URL: broker.url, DATABASE_URL: database.url, ...tracingTo(collector) };
  const [gateway] = await Promise.all([startOwnService("gateway", stack), startOwnService("consumer", stack)]);
  const [traceId, spanId] = [hex(16), hex(8)];

  const requestId = await publish(gateway, { traceparent: `00-${traceId}-${spanId}-01`, tracestate: "vendor=1" });

  const found = await waitForTrace(collector, isRequest(requestId));
  expectWhole(found, "tidemark-gateway", "tidemark-consumer");
  expect(found[0]).toMatchObject({ traceId, parentSpanId: spanId, traceState: "vendor=1" });
});

describe("single", () => {
  let collector: OtlpCollector;
  let single: ServiceProcess;
  let directory: string;

  const start = async (environment: Record<string, string>) => {
    const path = join(directory, `${uniqueName("store")}.db`);
    const service = await launchService("single", { DATABASE_PATH: path, ...environment }, MARK_MODULES);
    await waitUntilReady(service);
    return service;
  };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "tidemark-"));
    collector = await startCollector();
    single = await start({
      ...tracingTo(collector),
      LOG_LEVEL: "debug",
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20abc",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
    });
  });

  afterAll(async () => {
    await single.end("SIGKILL");
    await collector.close();
    await rm(directory, { recursive: true });
  });

  test("one trace shows the same steps, and the collector gets the headers and attributes of the settings", async () => {
    const found = await waitForTrace(collector, isRequest(await publish(single)));
    expectWhole(found, "tidemark-single", "tidemark-single");
    expect(found[0].parentSpanId).toBeUndefined();
    expect(found[0].resource).toMatchObject({ "deployment.environment.name": "test", "service.namespace": "tidemark" });
    expect(collector.headers.authorization).toBe("Bearer abc");
  });

  test("the lines about a request carry its id and its trace, including those of the consumer", async () => {
    const requestId = await publish(single);
    const [{ traceId }] = await waitForTrace(collector, isRequest(requestId));
    const named = { requestId, traceId };
    const taken = expect.objectContaining({ msg: "the log has taken a request", ...named });
    const dropped = expect.objectContaining({
      msg: "dropped duplicates",
      frames: expect.arrayContaining([expect.objectContaining({ requests: [named] })]),
    });
    await waitFor("the lines of the gateway and the consumer", () => {
      const about = single
        .output()
        .split("\n")
        .filter((line) => line.includes(String(requestId)));
      expect(about.map((line) => JSON.parse(line))).toEqual(expect.arrayContaining([taken, dropped]));
      return true;
    });
  });

  test("an invalid traceparent is ignored, and a new trace begins", async () => {
    const headers = { traceparent: `00-${hex(16)}-${"0".repeat(16)}-01`, tracestate: "vendor=1" };
    const [request] = await waitForTrace(collector, isRequest(await publish(single, headers)));
    expect(headers.traceparent).not.toContain(request.traceId);
    expect(request.parentSpanId).toBeUndefined();
    expect(request.traceState).toBeUndefined();
  });

  test("a tracestate that is too long is dropped, and the trace continues", async () => {
    const [traceId, spanId] = [hex(16), hex(8)];
    const tracestate = Array.from({ length: 100 }, (_, index) => `vendor${index}=${"x".repeat(50)}`).join(",");
    await publish(single, { traceparent: `00-${traceId}-${spanId}-01`, tracestate });
    const [request] = await waitForTrace(collector, (span) => span.traceId === traceId);
    expect(request.parentSpanId).toBe(spanId);
    expect(request.traceState).toBeUndefined();
  });

  test("a trace that its client does not record is not recorded", async () => {
    const traceId = hex(16);
    await publish(single, { traceparent: `00-${traceId}-${hex(8)}-00` });
    await waitForTrace(collector, isRequest(await publish(single))); // an unrecorded request would have sent its spans before these
    expect(collector.spans.filter((span) => span.traceId === traceId)).toEqual([]);
  });

  test("a collector that refuses or never answers does not affect ingest or the stop", async () => {
    collector.answers = "refused";
    await publish(single);
    await waitFor("the line about the collector", () =>
      single.output().includes("the collector did not accept traces"),
    );
    collector.answers = "silent";
    const seen = collector.requests;
    await publish(single);
    await waitFor("a request that the collector does not answer", () => collector.requests > seen);
    await publish(single);
    expect(await single.end("SIGTERM")).toBe(0);
  });

  test("no module of OpenTelemetry is loaded unless a collector is set", async () => {
    expect(single.output()).toContain(MARK);
    const untraced = await start({});
    await publish(untraced, { traceparent: `00-${hex(16)}-${hex(8)}-01` });
    expect(await untraced.end("SIGTERM")).toBe(0);
    expect(untraced.output()).not.toContain(MARK);
  });
});
