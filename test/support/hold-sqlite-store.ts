import { openSqliteEventStore } from "@tidemark/shared/event-store/sqlite-event-store";
import { createLogger } from "@tidemark/shared/log";
import { deliveryOf, eventText } from "./frames.ts";

/** A process that stores one event in the file it is given, says so, and keeps the file open until it is killed. */

const [path = "", topic = "", id = ""] = process.argv.slice(2);
const store = await openSqliteEventStore({ path, log: createLogger({ service: "holder", level: "fatal" }) });
const { frames } = await store.apply([deliveryOf([eventText({ topic, id })])], { maxNamed: 0 });
process.stdout.write(String(frames[0]?.verdicts));
