/**
 * What the suite is told about the service under test:
 * `TIDEMARK_URL` (default http://localhost:8080); `TIDEMARK_API_KEY`, where the API is not open;
 * `TIDEMARK_SHAPE`, `single` or `stack` (default: asked by a publish with `Prefer: respond-async`, which only the stack
 * answers 202); `TIDEMARK_RESTART_COMMAND`, a shell command that restarts the service on the same data, without which
 * the restart tests are left out. Limits are expected to have their defaults. One suite at a time: the test of the
 * counters fails when somebody else publishes.
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
