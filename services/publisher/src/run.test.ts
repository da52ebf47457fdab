import { answer, type FakeService, type Fault, startFakeService } from "@tidemark/client/fake-service";
import { readCommandLine } from "@tidemark/runtime/command-line";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createPlan, PUBLISHER_COMMAND } from "./options.ts";
import type { Progress } from "./progress.ts";
import { run } from "./run.ts";

let service: FakeService;
beforeEach(async () => {
  service = await startFakeService();
});
afterEach(() => service.close());

const loseAnswer: Fault = (response, store) => {
  store();
  response.destroy();
};

/** Runs the publisher against the fake service. Returns the printed text and the exit code. */
function runWith(...args: string[]) {
  return runShowing(() => {}, ...args);
}

function runWithKey(apiKey: string | undefined, ...args: string[]) {
  return runPublisher({ show: () => {}, apiKey }, ...args);
}

function runShowing(show: Progress["show"], ...args: string[]) {
  return runPublisher({ show }, ...args);
}

async function runPublisher(
  { show, apiKey }: { show: Progress["show"]; apiKey?: string | undefined },
  ...args: string[]
) {
  const options = readCommandLine(PUBLISHER_COMMAND, args);
  if (options === undefined) throw new Error("asked for help");
  const printed: string[] = [];
  const never = new AbortController().signal;
  const exitCode = await run({
    ...options,
    plan: createPlan(options),
    url: service.url,
    apiKey,
    interruption: { stop: never, abort: never },
    progress: { show, stop() {} },
    print: (text) => printed.push(text),
  });
  return { exitCode, text: printed.join("\n") };
}

test("a run against a service that counts correctly ends with 0", async () => {
  const { exitCode, text } = await runWith("--events", "2000", "--duplicate-rate", "0.3", "--check-stats");

  expect(text).toContain("ok accepted: 1,400, expected 1,400");
  expect(text).toContain("ok duplicates: 600, expected 600");
  expect(text).toContain("ok /stats received: 2,000, expected 2,000");
  expect(text).not.toContain("NOT OK");
  expect(exitCode).toBe(0);
});

test("a run with lost answers ends with 0 within wider bounds", async () => {
  for (let index = 0; index < 30; index++) service.faults.push(index % 3 === 0 ? loseAnswer : undefined);

  const { exitCode, text } = await runWith("--events", "2000", "--check-stats");

  expect(text).toMatch(/ok accepted: [\d,]+, expected [\d,]+ to 1,500/);
  expect(exitCode).toBe(0);
});

test("a run at a rate sends every event of its time", async () => {
  const { exitCode, text } = await runWith("--rate", "2000", "--duration", "1", "--check-stats");

  expect(text).toContain("ok /stats received: 2,000, expected 2,000");
  expect(exitCode).toBe(0);
});

test("the progress shows pending events while no request ends", async () => {
  const shown = Promise.withResolvers<number>();
  service.faults.push((response, store) => void shown.promise.then(() => answer(response, 200, store())));

  const { exitCode } = await runShowing(({ pending }) => shown.resolve(pending), "--events", "1");

  expect(await shown.promise).toBe(1);
  expect(exitCode).toBe(0);
});

test.each<[string, Fault]>([
  ["accepts too much", (response) => answer(response, 200, { received: 100, accepted: 100, duplicates: 0 })],
  ["loses events", (response) => answer(response, 200, { received: 99, accepted: 99, duplicates: 0 })],
  ["reports conflicts", (response, store) => answer(response, 200, { duplicates: 0, ...store(), conflicts: 1 })],
  ["refuses valid events", (response) => answer(response, 422, { code: "invalid_event" })],
])("a run fails if the service %s", async (_name, fault) => {
  service.faults.push(undefined, undefined, undefined, fault);

  expect((await runWith("--events", "1000", "--concurrency", "1")).exitCode).toBe(1);
});

test("events of another publisher in /stats fail a run only with --check-stats", async () => {
  const publishElsewhere: Fault = (response, store) => {
    service.books.received++;
    service.books.unique++;
    answer(response, 200, store());
  };
  service.faults.push(publishElsewhere, publishElsewhere);

  expect((await runWith("--events", "500")).exitCode).toBe(0);
  service.faults.push(publishElsewhere);
  const insisted = await runWith("--events", "500", "--check-stats");
  expect(insisted.exitCode).toBe(1);
  expect(insisted.text).toContain("NOT OK /stats unique_processed: 376, expected 375");
});

test("a repeated run needs --expect-repeat, and then every event is a duplicate", async () => {
  const repeat = ["--events", "300", "--run-id", "again"];
  expect((await runWith(...repeat)).exitCode).toBe(0);

  expect((await runWith(...repeat)).exitCode).toBe(1);
  expect((await runWith(...repeat, "--expect-repeat", "--check-stats")).exitCode).toBe(0);
});

test.each([
  [401, "key_missing", undefined, "the service needs a key with the scope publish"],
  [401, "key_expired", "secret-key", "the service refuses the key"],
  [403, "scope_missing", "secret-key", "the service refuses the key"],
])("a run ends at once with %i %s, with the reason and without the key", async (status, code, apiKey, words) => {
  const refuse: Fault = (response) => answer(response, status, { code, detail: "the reason" });
  service.faults.push(...Array<Fault>(100).fill(refuse));

  const { exitCode, text } = await runWithKey(apiKey, "--events", "5000", "--concurrency", "1");

  expect(text).toContain(`${words} (API_KEY or API_KEY_FILE): ${status} ${code}: the reason`);
  expect(text).not.toContain("secret-key");
  expect(exitCode).toBe(1);
  expect(service.bodies).toHaveLength(1);
});

test("a run without a service sends nothing, and ends with 1 and the URL", async () => {
  await service.close();

  const { exitCode, text } = await runWith("--events", "10", "--retry-for", "1");

  expect(text).toContain(`no connection to ${service.url.href} (ECONNREFUSED): start the service, or name its URL`);
  expect(text).not.toContain("errors");
  expect(exitCode).toBe(1);
});
