import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { readSettledStats } from "./drain.ts";
import type { Stats } from "./reader.ts";

type Told = Pick<Stats, "drift" | "unconfirmed">;

/** Answers one of these after the other, then repeats the last. */
async function serveStats(...answers: Told[]): Promise<URL> {
  const server = createServer((_request, response) => {
    response.end(JSON.stringify(answers.length > 1 ? answers.shift() : answers[0]));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => void server.close());
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

const UNKNOWN: Told = { drift: null, unconfirmed: null };
const SETTLED: Told = { drift: 0, unconfirmed: 0 };
const heard = { isEachConfirmationHeard: true };
const unheard = { isEachConfirmationHeard: false };

test("/stats is read again while its drift is unknown", async () => {
  expect(await readSettledStats(await serveStats(UNKNOWN, UNKNOWN, SETTLED), heard)).toEqual(SETTLED);
});

test("/stats is read again until the last heartbeats have arrived, if every confirmation was received", async () => {
  const early = { drift: 0, unconfirmed: 7 };
  expect(await readSettledStats(await serveStats(early, SETTLED), heard)).toEqual(SETTLED);
  expect(await readSettledStats(await serveStats(early, SETTLED), unheard)).toEqual(early);
});

test("the first known drift or missing event counts, and later values are ignored", async () => {
  for (const wrong of [
    { ...SETTLED, drift: 1 },
    { ...SETTLED, unconfirmed: -1 },
  ]) {
    expect(await readSettledStats(await serveStats(wrong, SETTLED), heard)).toEqual(wrong);
  }
});

test("a drift that is never known stays unknown", async () => {
  expect(await readSettledStats(await serveStats(UNKNOWN), { ...heard, timeoutMs: 600 })).toEqual(UNKNOWN);
});
