import type { Database } from "better-sqlite3";
import { minuteOf } from "../schema/columns.ts";

/** Prepares `StartRecorder.recordStart`. */
export function prepareRecordStart(database: Database): (service: string) => void {
  const add = database.prepare<[number, string]>(
    "INSERT INTO starts (minute, service, count) VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1",
  );
  return (service) => void add.run(minuteOf(Date.now()), service);
}
