import { defineConfig } from "vitest/config";
import { browserProjects, LONG_BROWSER_TESTS, MAIN_BROWSER_TESTS } from "./test/browser/project.ts";

/**
 * `npm run test:long`: saboteurs, fault runs, long walks of readers, redeliveries, time limits of the database, and the
 * dashboard of the stack. Most of them start whole deployments.
 */
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: "long",
          include: ["{shared/*/src,test/!(browser)}/**/*.long.test.ts"],
          globalSetup: ["./test/support/infrastructure/setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxConcurrency: 2, // saboteurs, each with a stack of its own
        },
      },
      ...browserProjects(
        { shape: "single", include: [LONG_BROWSER_TESTS] },
        { shape: "stack", include: [MAIN_BROWSER_TESTS, LONG_BROWSER_TESTS] },
      ),
    ],
  },
});
