import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { eventText, uniqueName } from "./support/frames.ts";
import { createDatabase } from "./support/postgres-database.ts";
import { type ServiceProcess, startService } from "./support/service-process.ts";
import { waitFor } from "./support/wait-for.ts";

const REQUESTS = 20;

/** Publishes as far as the service asking for the body: in flight from then on until the body comes. */
async function beginPublish({ port }: ServiceProcess, agent: Agent, text: string): Promise<ClientRequest> {
  const length = Buffer.byteLength(text);
  const headers = { "content-type": "application/json", "content-length": length, expect: "100-continue" };
  const sent = request({ port, path: "/publish", method: "POST", agent, headers });
  sent.flushHeaders();
  await once(sent, "continue");
  return sent;
}

/** Stops a service with requests in flight, and says how they and it ended. */
async function stopInFlight(service: ServiceProcess, topic: string) {
  const agent = new Agent({ keepAlive: true });
  const texts = Array.from({ length: REQUESTS }, (_, index) => eventText({ topic, id: `in-flight-${index}` }));
  const begun = await Promise.all(texts.map((text) => beginPublish(service, agent, text)));
  const ended = service.end("SIGTERM");
  await waitFor("the service to stop", () => service.output().includes('"msg":"stopping"'));
  const answers = await Promise.all(
    begun.map(async (sent, index) => {
      const response = once(sent, "response");
      sent.end(texts[index]);
      const [answer] = (await response) as [IncomingMessage];
      return { status: answer.statusCode, connection: answer.headers.connection, body: await json(answer) };
    }),
  );
  return { answers, exit: await ended };
}

const ALL_STORED = Array.from({ length: REQUESTS }, () => ({
  status: 200,
  connection: "close",
  body: expect.objectContaining({ accepted: 1 }),
}));

describe("a service told to stop answers what is in flight and ends with 0:", () => {
  test("single", async () => {
    const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
    onTestFinished(() => rm(directory, { recursive: true }));
    const environment = { DATABASE_PATH: join(directory, "tidemark.db") };
    const service = await startService("single", environment);
    onTestFinished(() => void service.end("SIGKILL"));
    const topic = uniqueName("stop");

    expect(await stopInFlight(service, topic)).toEqual({ answers: ALL_STORED, exit: 0 });

    const again = await startService("single", environment);
    onTestFinished(() => void again.end("SIGKILL"));
    const stats = await (await fetch(`${again.url}/stats?topic=${topic}`)).json();
    expect(stats).toMatchObject({ received: REQUESTS, unique_processed: REQUESTS, queue_size: 0 });
  });

  test("gateway and consumer", async () => {
    const database = await createDatabase(inject("databaseUrl"));
    onTestFinished(() => database.drop());
    const environment = { NATS_URL: inject("natsUrl"), DATABASE_URL: database.url, LOG_MAX_BYTES: "64000000" };
    const consumer = await startService("consumer", environment);
    onTestFinished(() => void consumer.end("SIGKILL"));
    const gateway = await startService("gateway", environment);
    onTestFinished(() => void gateway.end("SIGKILL"));

    expect(await stopInFlight(gateway, uniqueName("stop"))).toEqual({ answers: ALL_STORED, exit: 0 });
    expect(await consumer.end("SIGTERM")).toBe(0);
  });
});
