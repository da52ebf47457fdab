import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { readSettledStats } from "./drain.ts";

/** Answers one drift after the other, then repeats the last. */
async function serveDrifts(...drifts: (number | null)[]): Promise<URL> {
  const server = createServer((_request, response) => {
    const drift = drifts.length > 1 ? drifts.shift() : drifts[0];
    response.end(JSON.stringify({ drift }));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => void server.close());
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

test("/stats is read again while its drift is unknown", async () => {
  const service = await serveDrifts(null, null, 0);

  expect(await readSettledStats(service)).toMatchObject({ drift: 0 });
});

test("the first known drift counts, whatever comes after it", async () => {
  const service = await serveDrifts(1, 0);

  expect(await readSettledStats(service)).toMatchObject({ drift: 1 });
});

test("a drift that is never known stays unknown", async () => {
  const service = await serveDrifts(null);

  expect(await readSettledStats(service, 600)).toMatchObject({ drift: null });
});
