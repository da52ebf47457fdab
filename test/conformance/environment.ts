/**
 * The environment variables that describe the service under test:
 *
 * - `TIDEMARK_URL`, default http://localhost:8080
 * - `TIDEMARK_API_KEY`, if the API requires one
 * - `TIDEMARK_SHAPE`, `single` or `stack`. By default the suite publishes with `Prefer: respond-async`, which only the stack
 *   answers with 202.
 * - `TIDEMARK_RESTART_COMMAND`, a shell command that restarts the service on the same data. Without it the restart tests
 *   are left out.
 *
 * The service must have its default limits. Only one suite may run at a time, because the test of the counters must be the
 * only one that publishes.
 */
export const BASE_URL = new URL(process.env.TIDEMARK_URL || "http://localhost:8080");
export const API_KEY = process.env.TIDEMARK_API_KEY || undefined;
export const DECLARED_SHAPE = readShape(process.env.TIDEMARK_SHAPE || undefined);
export const RESTART_COMMAND = process.env.TIDEMARK_RESTART_COMMAND || undefined;

export type Shape = "single" | "stack";

function readShape(text: string | undefined): Shape | undefined {
  if (text === undefined || text === "single" || text === "stack") return text;
  throw new Error(`TIDEMARK_SHAPE must be single or stack, not ${JSON.stringify(text)}`);
}
