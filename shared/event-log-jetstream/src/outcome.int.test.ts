import { createFrame, takeAll, waitForFrames } from "@tidemark/event-log/contract/frames";
import { startTcpProxy } from "@tidemark/test-support/processes/tcp-proxy";
import { waitFor } from "@tidemark/test-support/wait-for";
import { inject, type TestContext, test, vi } from "vitest";
import { createJetstreamConnection } from "./connection.ts";
import { createStream, silentLogger } from "./fixture/nats-streams.ts";

/** A log seen through a wire that can be cut, and the same log seen past it. */
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

test.concurrent("appends once what was taken but whose confirmation was lost with the connection", async (context) => {
  const { expect } = context;
  const { proxy, log, direct } = await openBothWays(context);
  proxy.silence("down");
  const appending = log.append(createFrame());
  await waitFor("the frame to be taken", async () => (await direct.snapshot()).frames === 1);
  proxy.heal(); // breaks what is open
  await expect(appending).resolves.toBeUndefined();
  expect(await direct.snapshot()).toMatchObject({ frames: 1, lastSequence: 1 });
});

test.concurrent("tries once more when no confirmation comes on a connection that seems to be up", async (context) => {
  const { expect } = context;
  const { proxy, log, direct } = await openBothWays(context);
  proxy.silence("down");
  const outcome = log.append(createFrame()).catch((error) => error);
  expect(await outcome).toMatchObject({ code: "outcome_unknown", retryAfterSeconds: expect.any(Number) });
  expect(await direct.snapshot()).toMatchObject({ frames: 1, lastSequence: 1 });
});

test.concurrent("says that it does not know when the connection does not come back", async (context) => {
  const { expect } = context;
  const { proxy, connection, log } = await openBothWays(context);
  proxy.silence("down");
  const outcome = log.append(createFrame()).catch((error) => error);
  proxy.refuse();
  await connection.lost();
  expect(await outcome).toMatchObject({ code: "outcome_unknown" });
  expect(connection.isConnected).toBe(false);
});

test.concurrent("keeps to its deadline when the connection comes back late, and no answer on it", async (context) => {
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
  // A second attempt may take 2.5 s, and less than 1 s was left; on a slow machine nothing was, and there is none.
  const patience = requests.mock.calls.map(([, , options]) => options?.timeout ?? Number.POSITIVE_INFINITY);
  expect(Math.max(0, ...patience)).toBeLessThan(1_000);
});

test.concurrent("sends nothing, not later either, of what it refused for lack of a connection", async (context) => {
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

test.concurrent("acknowledges once the connection is back what was decided upon while it was away", async (context) => {
  const { proxy, connection, log, direct } = await openBothWays(context);
  await log.append(createFrame());
  const [delivery] = await takeAll(log, 1);
  proxy.refuse();
  await connection.lost();
  delivery?.ack();
  proxy.heal();
  await waitForFrames(direct, 0);
});
