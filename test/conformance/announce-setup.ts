import { BASE_URL, DECLARED_SHAPE, RESTART_COMMAND } from "./environment.ts";

/** Prints the service under test, and the tests that are left out. */
export function setup(): void {
  const shape = DECLARED_SHAPE === undefined ? "shape: detected from the service" : `shape: ${DECLARED_SHAPE}`;
  process.stdout.write(`conformance of ${BASE_URL.href}, ${shape}\n`);
  if (RESTART_COMMAND === undefined) {
    process.stdout.write(
      "NOT TESTED: behaviour after a restart; set TIDEMARK_RESTART_COMMAND to a command that restarts the service\n",
    );
  }
}
