import type { Writers } from "../connection/writers.ts";

const RECORD_START = `
  INSERT INTO starts AS known (minute, service, count) VALUES (minute_of(now()), $1, 1)
  ON CONFLICT (minute, service) DO UPDATE SET count = known.count + 1`;

/** `StartRecorder.recordStart`. */
export async function recordStart(writers: Writers, service: string): Promise<void> {
  await writers.query(RECORD_START, [service]);
}
