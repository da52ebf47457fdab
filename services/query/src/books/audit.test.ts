import { type Audit, balanceAudit } from "@tidemark/event-store/audit";
import { createHttpServer } from "@tidemark/runtime/http-server";
import { createLogger } from "@tidemark/telemetry/logger";
import { expect, onTestFinished, test, vi } from "vitest";
import { openQueryFixture } from "../query-fixture.ts";
import { registerAudit } from "./audit.ts";

const COUNTS = { stored: 3, duplicates: 2, conflicts: 1, deadLettered: 0 };

function auditWith(overrides: Partial<Audit>): Audit {
  return balanceAudit({
    auditedAt: "2025-10-23T10:00:00.000000Z",
    durationMs: 5,
    topicsTotal: 2,
    booked: COUNTS,
    counted: COUNTS,
    bySource: { duplicates: 2, conflicts: 1 },
    differences: [],
    differencesTotal: 0,
    ...overrides,
  });
}

function serve(audit: () => Promise<Audit>) {
  const server = createHttpServer({ logger: createLogger({ service: "test", level: "silent" }) });
  onTestFinished(() => server.close());
  const error = vi.spyOn(server.log, "error");
  registerAudit(server, { auditor: { audit } });
  return { server, ask: () => server.inject("/audit"), error };
}

test("an audit recounts the rows, and /stats shows its result", async () => {
  const { server, storeEvents } = await openQueryFixture(onTestFinished);
  await storeEvents([{ event_id: "1" }, { event_id: "2" }, { event_id: "1" }]);
  expect((await server.inject("/stats")).json().last_audit).toBeNull();

  const answer = await server.inject("/audit");

  expect(answer.statusCode).toBe(200);
  const counts = { unique: 2, duplicates: 1, conflicts: 0, dead_lettered: 0 };
  expect(answer.json()).toEqual({
    audited_at: expect.any(String),
    duration_ms: expect.any(Number),
    balanced: true,
    topics_total: 1,
    booked: counts,
    counted: counts,
    by_source: { duplicates: 1, conflicts: 0 },
    differences: [],
    differences_total: 0,
  });
  const { audited_at } = answer.json();
  expect((await server.inject("/stats")).json().last_audit).toMatchObject({ audited_at, balanced: true });
});

test("requests that arrive during a recount share the next one", async () => {
  const running: ((audit: Audit) => void)[] = [];
  const { ask } = serve(() => new Promise((resolve) => running.push(resolve)));
  const first = ask();
  await expect.poll(() => running, { timeout: 30_000 }).toHaveLength(1);
  const others = [ask(), ask(), ask()];

  running[0]?.(auditWith({ durationMs: 1 }));
  await first;
  await vi.waitFor(() => expect(running).toHaveLength(2));
  running[1]?.(auditWith({ durationMs: 2 }));

  const answers = await Promise.all([first, ...others]);
  expect(answers.map((answer) => answer.json().duration_ms)).toEqual([1, 2, 2, 2]);
});

test("books that do not balance are answered with 200, and logged", async () => {
  const differences = Array.from({ length: 12 }, (_, index) => ({
    topic: `t${index}`,
    booked: COUNTS,
    counted: { ...COUNTS, stored: 2 },
  }));
  const { ask, error } = serve(async () => auditWith({ differences, differencesTotal: 12 }));

  const answer = await ask();

  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toMatchObject({ balanced: false, differences_total: 12 });
  expect(answer.json().differences[0]).toEqual({
    topic: "t0",
    booked: { unique: 3, duplicates: 2, conflicts: 1, dead_lettered: 0 },
    counted: { unique: 2, duplicates: 2, conflicts: 1, dead_lettered: 0 },
  });
  expect(error).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ topics: differences.slice(0, 10).map(({ topic }) => topic), differencesTotal: 12 }),
    expect.any(String),
  );
});

test("an audit may take longer than a connection may be idle", async () => {
  const running: ((audit: Audit) => void)[] = [];
  const { server } = serve(() => new Promise((resolve) => running.push(resolve)));
  server.get("/idle", { config: { scope: "none" } }, () => new Promise(() => {}));
  const origin = await server.listen({ host: "127.0.0.1", port: 0 });
  server.server.setTimeout(2_000);
  const auditing = fetch(`${origin}/audit`);
  await expect.poll(() => running, { timeout: 30_000 }).toHaveLength(1);

  await expect(fetch(`${origin}/idle`)).rejects.toThrow(); // this request comes later, and the audit outlasts its connection
  running[0]?.(auditWith({}));

  expect((await auditing).status).toBe(200);
});

test("an audit accepts no parameter", async () => {
  const { server } = await openQueryFixture(onTestFinished);

  expect((await server.inject("/audit?topic=t")).json()).toMatchObject({ status: 400, code: "invalid_parameter" });
});
