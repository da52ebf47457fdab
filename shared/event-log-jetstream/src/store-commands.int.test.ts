import { Unavailable } from "@tidemark/domain/errors";
import type { Redriven } from "@tidemark/event-store/dead-letters";
import { natsUrlOfPart } from "@tidemark/programs/nats-server";
import { type Broker, startBroker } from "@tidemark/test-support/processes/nats-broker";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createJetstreamConnection } from "./connection.ts";
import { silentLogger } from "./fixture/nats-streams.ts";
import { answerStoreCommands, requestStoreCommands, type StoreCommands } from "./store-commands.ts";

let broker: Broker;
beforeAll(async () => {
  broker = await startBroker();
});
afterAll(() => broker.stop());

async function connectPart(name: string) {
  const connection = createJetstreamConnection({ url: natsUrlOfPart(broker.url, name), name, logger: silentLogger });
  onTestFinished(() => connection.close());
  await connection.opened;
  return connection;
}

/** Opens a consumer with this store, and returns the commands of a query service. */
async function openCommands(store?: Partial<StoreCommands>): Promise<StoreCommands> {
  if (store !== undefined) {
    const consumer = await connectPart("consumer");
    const unused = async () => Promise.reject(new Error("unused"));
    answerStoreCommands(consumer, {
      store: { redrive: unused, deleteDeadLetter: unused, eraseEvent: unused, ...store },
      logger: silentLogger,
      stopWaitMs: 30_000,
    });
    await consumer.nats.flush();
  }
  return requestStoreCommands(await connectPart("query"));
}

test.each<Redriven | undefined>([
  { status: "stored" },
  { status: "conflict" },
  { status: "refused", code: "22P02", reason: "is wrong" },
  undefined,
])("a consumer redrives a dead letter for the query service: %j", async (redriven) => {
  const asked: string[] = [];
  const commands = await openCommands({
    redrive: async (id) => {
      asked.push(id);
      return redriven;
    },
  });
  expect(await commands.redrive("7")).toEqual(redriven);
  expect(asked).toEqual(["7"]);
});

test.each([true, false])("a consumer deletes a dead letter for the query service: %j", async (isDeleted) => {
  const commands = await openCommands({ deleteDeadLetter: async () => isDeleted });
  expect(await commands.deleteDeadLetter("7")).toBe(isDeleted);
});

test.each([true, false])("a consumer erases an event with any key for the query service: %j", async (isStored) => {
  const asked: string[][] = [];
  const commands = await openCommands({
    eraseEvent: async (...key) => {
      asked.push(key);
      return isStored;
    },
  });
  expect(await commands.eraseEvent('a "b" * > .', "é/\u{1f600}")).toBe(isStored);
  expect(asked).toEqual([['a "b" * > .', "é/\u{1f600}"]]);
});

test("of two consumers one carries out a request", async () => {
  let count = 0;
  const redrive = async () => {
    count++;
    return { status: "stored" as const };
  };
  await openCommands({ redrive });
  const commands = await openCommands({ redrive });
  for (let asked = 1; asked <= 10; asked++) {
    await commands.redrive("7");
    expect(count).toBe(asked);
  }
});

test("a consumer that stops finishes what it has begun, and then takes no more requests", async () => {
  const consumer = await connectPart("consumer");
  const [begun, finish] = [Promise.withResolvers<void>(), Promise.withResolvers<{ status: "stored" }>()];
  const asked: string[] = [];
  const redrive = (id: string) => {
    asked.push(id);
    begun.resolve();
    return finish.promise;
  };
  const store = { redrive, deleteDeadLetter: async () => true, eraseEvent: async () => true };
  const answers = answerStoreCommands(consumer, { store, logger: silentLogger, stopWaitMs: 30_000 });
  await consumer.nats.flush();
  const commands = requestStoreCommands(await connectPart("query"));

  const first = commands.redrive("1");
  await begun.promise;
  let isStopped = false;
  const stopping = answers.stop().then(() => {
    isStopped = true;
  });
  await consumer.nats.flush();
  await expect(commands.redrive("2")).rejects.toMatchObject({ code: "store_unreachable" });
  expect(isStopped).toBe(false);
  finish.resolve({ status: "stored" });
  await stopping;

  expect(await first).toEqual({ status: "stored" });
  expect(asked).toEqual(["1"]);
});

test("without a consumer the store is unreachable", async () => {
  const commands = await openCommands();
  await expect(commands.redrive("7")).rejects.toMatchObject({ code: "store_unreachable" });
});

test("a store that the consumer cannot reach is unreachable for the query service", async () => {
  const redrive = () => Promise.reject(new Unavailable({ code: "store_unreachable", detail: "the database is down" }));
  const commands = await openCommands({ redrive });
  await expect(commands.redrive("7")).rejects.toThrow("the database is down");
});

test("an internal error of the consumer is not reported as an unavailable store", async () => {
  const commands = await openCommands({});
  await expect(commands.redrive("7")).rejects.not.toBeInstanceOf(Unavailable);
});
