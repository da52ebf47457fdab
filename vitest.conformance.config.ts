import { defineConfig } from "vitest/config";
import { RESTART_COMMAND } from "./test/conformance/environment.ts";

/** The contract, tested from outside against a service that is already running; see test/conformance/environment.ts. */
export default defineConfig({
  test: {
    include: ["test/conformance/**/*.conformance.test.ts"],
    exclude: RESTART_COMMAND === undefined ? ["test/conformance/restart.conformance.test.ts"] : [],
    globalSetup: ["./test/conformance/announce-setup.ts"],
    // The test of the counters must be the only one that publishes.
    fileParallelism: false,
    retry: 0,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
