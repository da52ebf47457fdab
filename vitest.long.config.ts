import { defineConfig } from "vitest/config";

/** `npm run test:long`: saboteurs, long walks of readers, long fault runs. Each starts whole deployments of its own. */
export default defineConfig({
  test: {
    include: ["test/**/*.long.test.ts"],
    exclude: ["**/node_modules/**"],
    globalSetup: ["./test/support/infrastructure/setup.ts"],
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
