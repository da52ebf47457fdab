import { defineConfig } from "vitest/config";
import { browserProjects, MAIN_BROWSER_TESTS } from "./test/browser/project.ts";

/** Tests that need a broker and a database; their folder or their name says so. */
const INFRASTRUCTURE = ["./test/support/infrastructure/setup.ts"];

export default defineConfig({
  test: {
    // Integration tests wait for disks, brokers and timers most of the time, so more files than cores run at once.
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: "unit",
          // Files of one worker share the loaded modules, which halves the processor time.
          isolate: false,
          include: [
            "{shared,services,clients}/*/src/**/*.test.ts",
            "{load,tools,test/architecture,test/access,test/metrics,test/faults,test/hostile}/**/*.test.ts",
          ],
          exclude: ["**/*.{int,long}.test.ts", "**/node_modules/**"],
          // A bound for tests that hang. Most take milliseconds; those that decode or scan megabytes take seconds where other
          // programs use the processors.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "integration",
          include: ["shared/*/src/**/*.int.test.ts", "test/{services,support,faults}/**/*.test.ts"],
          exclude: ["test/faults/**/!(*.int).test.ts", "**/*.long.test.ts", "**/node_modules/**"],
          globalSetup: INFRASTRUCTURE,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      // The stack serves the same pages: its browser tests are `npm run test:long`.
      ...browserProjects({ shape: "single", include: [MAIN_BROWSER_TESTS] }),
    ],
    coverage: {
      include: ["{shared,services,clients}/*/src/**/*.ts"],
      exclude: ["**/*.test.ts", "**/contract/**", "**/fixture/**"],
    },
  },
});
