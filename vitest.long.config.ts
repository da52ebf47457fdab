import { defineConfig } from "vitest/config";
import { browserProjects } from "./test/browser/project.ts";

/**
 * `npm run test:long`: saboteurs, long walks of readers, redeliveries, long fault runs, and the dashboard of the stack. Each
 * starts whole deployments of its own.
 */
export default defineConfig({
  test: {
    maxWorkers: 1,
    projects: [
      {
        test: {
          name: "long",
          include: ["test/**/*.long.test.ts"],
          exclude: ["**/node_modules/**"],
          globalSetup: ["./test/support/infrastructure/setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      ...browserProjects("stack"),
    ],
  },
});
