/**
 * A process around a SQLite store, one thread of which is killed while a call of it is under way; what the call came to
 * goes to standard output. Arguments: the file, and which thread: `writer` or `reader`.
 */
import type { Worker } from "node:worker_threads";
import { openSqliteEventStore } from "../../shared/src/event-store/sqlite-event-store.ts";
import { runProcess } from "../../shared/src/lifecycle.ts";
import { createLogger } from "../../shared/src/log.ts";
import { deliveryOf, eventText } from "./frames.ts";

const [path = "", victim = ""] = process.argv.slice(2);
const log = createLogger({ service: "test", level: "silent" });
const threads: Worker[] = [];
process.on("worker", (thread) => threads.push(thread));

await runProcess({ log, shutdownDeadlineMs: 10_000 }, async (onClose) => {
  const store = await openSqliteEventStore({ path, log });
  onClose("store", () => store.close());
  setInterval(() => undefined, 1_000); // whatever else keeps a service alive
  const [writer, reader] = threads;
  void (victim === "writer" ? writer : reader)?.terminate();
  const call = victim === "writer" ? store.apply([deliveryOf([eventText()])], { maxNamed: 0 }) : store.ping();
  call.catch((error: Error) => process.stdout.write(error.name));
});
