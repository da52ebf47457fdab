import { natsUrlOfPart } from "@tidemark/programs/nats-server";
import { startTcpProxy } from "@tidemark/test-support/processes/tcp-proxy";
import { waitFor } from "@tidemark/test-support/wait-for";
import { inject, test, vi } from "vitest";
import { createJetstreamConnection } from "./connection.ts";
import { createStream, silentLogger } from "./fixture/nats-streams.ts";

test.concurrent("the log and the connection of a reader close while their broker does not answer", async ({
  expect,
  onTestFinished,
}) => {
  const stream = await createStream(inject("natsUrl"));
  onTestFinished(() => stream.close());
  const proxy = await startTcpProxy(inject("natsUrl"));
  onTestFinished(() => proxy.close());
  const connection = createJetstreamConnection({ url: proxy.url, name: "closing", logger: silentLogger });
  const log = await stream.open({ connection });

  proxy.silence("both");
  await expect(log.close()).resolves.toBeUndefined();
  await expect(connection.close()).resolves.toBeUndefined();
});

test.concurrent("credentials that arrive too late are sent again", async ({ expect, onTestFinished }) => {
  const proxy = await startTcpProxy(natsUrlOfPart(inject("natsUrl"), "query"));
  onTestFinished(() => proxy.close());
  proxy.slow(1_500); // to the server and back again, and the server waits for two seconds
  const warn = vi.fn();
  const logger = Object.assign(Object.create(silentLogger), { warn });
  const connection = createJetstreamConnection({ url: proxy.url, name: "query", logger });
  onTestFinished(() => connection.close());
  const outcome = connection.opened.then(
    () => "opened",
    (error) => String(error),
  );

  await Promise.race([waitFor("a failed attempt", () => warn.mock.calls.length > 0), outcome]);
  proxy.heal();
  expect(await outcome).toBe("opened");
});
