import { createFrame, takeAll, waitForFrames } from "@tidemark/event-log/contract/frames";
import { startTcpProxy } from "@tidemark/test-support/processes/tcp-proxy";
import { waitFor } from "@tidemark/test-support/wait-for";
import { inject, type TestContext, test, vi } from "vitest";
import { createJetstreamConnection } from "./connection.ts";
import { createStream, silentLogger } from "./fixture/nats-streams.ts";

/** A log behind a proxy that can cut the connection, and the same log without the proxy. */
async function openBothWays({ onTestFinished }: TestContext) {
  const stream = await createStream(inject("natsUrl"));
  onTestFinished(() => stream.close());
  const proxy = await startTcpProxy(inject("natsUrl"));
  onTestFinished(() => proxy.close());
  const connection = createJetstreamConnection({ url: proxy.url, name: "behind the wire", logger: silentLogger });
  await connection.opened;
  onTestFinished(() => connection.close());
  return { proxy, connection, log: await stream.open({ connection }), direct: await stream.open() };
}

test.concurrent("a frame whose confirmation was lost with the connection is appended once", async (context) => {
  const { expect } = context;
  const { proxy, log, direct } = await openBothWays(context);
  proxy.silence("down");
  const appending = log.append(createFrame());
  await waitFor("the frame to be taken", async () => (await direct.snapshot()).frames === 1);
  proxy.heal(); // breaks the open connections
  await expect(appending).resolves.toMatchObject({ generation: expect.any(String) });
  expect(await direct.snapshot()).toMatchObject({ frames: 1, lastSequence: 1 });
});

test.concurrent("an append that gets no answer on an open connection is tried once more", async (context) => {
  const { expect } = context;
  const { proxy, log, direct } = await openBothWays(context);
  proxy.silence("down");
  const outcome = log.append(createFrame()).catch((error) => error);
  expect(await outcome).toMatchObject({ code: "outcome_unknown", retryAfterSeconds: expect.any(Number) });
  expect(await direct.snapshot()).toMatchObject({ frames: 1, lastSequence: 1 });
});

test.concurrent("an append has an unknown outcome when the connection does not come back", async (context) => {
  const { expect } = context;
  const { proxy, connection, log } = await openBothWays(context);
  proxy.silence("down");
  const outcome = log.append(createFrame()).catch((error) => error);
  proxy.refuse();
  await connection.lost();
  expect(await outcome).toMatchObject({ code: "outcome_unknown" });
  expect(connection.isConnected).toBe(false);
});

test.concurrent("an append keeps its deadline when the connection comes back late and without an answer", async (context) => {
  const { expect } = context;
  const { proxy, connection, log } = await openBothWays(context);
  proxy.silence("down");
  const startedAt = Date.now();
  const outcome = log.append(createFrame()).catch((error) => error);
  proxy.refuse();
  await connection.lost();
  await waitFor("most of the deadline to pass", () => Date.now() - startedAt > 4_000);
  proxy.heal();
  const requests = vi.spyOn(connection.nats, "request");
  await connection.connected();
  proxy.silence("down");
  expect(await outcome).toMatchObject({ code: "outcome_unknown" });
  // A second attempt may take 2.5 s, but less than 1 s of the deadline was left. On a slow machine no time was left,
  // and there is no second attempt.
  const patience = requests.mock.calls.map(([, , options]) => options?.timeout ?? Number.POSITIVE_INFINITY);
  expect(Math.max(0, ...patience)).toBeLessThan(1_000);
});

test.concurrent("a frame refused without a connection is not sent later either", async (context) => {
  const { expect } = context;
  const { proxy, connection, log, direct } = await openBothWays(context);
  proxy.refuse();
  await connection.lost();
  for (let count = 0; count < 20; count++) {
    await expect(log.append(createFrame())).rejects.toMatchObject({ code: "log_unreachable" });
  }
  proxy.heal();
  await connection.connected();
  await log.append(createFrame());
  expect(await direct.snapshot()).toMatchObject({ frames: 1, lastSequence: 1 });
});

test.concurrent("acknowledgements made without a connection are sent once it is back", async (context) => {
  const { proxy, connection, log, direct } = await openBothWays(context);
  await log.append(createFrame());
  const [delivery] = await takeAll(log, 1);
  proxy.refuse();
  await connection.lost();
  delivery?.ack();
  proxy.heal();
  await waitForFrames(direct, 0);
});
