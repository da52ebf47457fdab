/**
 * A process that applies calls of frames to a SQLite file, one after the other, and says what became of each in a line of
 * JSON, until it is killed. Arguments: the file of the store, and a file with the calls.
 */
import { readFile } from "node:fs/promises";
import type { Frame } from "@tidemark/shared/frame";
import { openSqliteEventStore } from "../../shared/src/event-store/sqlite-event-store.ts";
import { createLogger } from "../../shared/src/log.ts";

/** A frame with its events as text. */
type WrittenDelivery = {
  frame: Omit<Frame, "events"> & { events: string };
  origin: { incarnation: string; sequence: number };
};

const [path = "", callsPath = ""] = process.argv.slice(2);
const calls = JSON.parse(await readFile(callsPath, "utf8")) as WrittenDelivery[][];
const store = await openSqliteEventStore({ path, log: createLogger({ service: "test", level: "silent" }) });
for (const call of calls) {
  const deliveries = call.map(({ frame, origin }) => ({
    frame: { ...frame, events: Buffer.from(frame.events) },
    origin,
  }));
  process.stdout.write(`${JSON.stringify(await store.apply(deliveries, { maxNamed: 0 }))}\n`);
}
await store.close();
