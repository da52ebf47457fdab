import { findChromium } from "@tidemark/test-support/browser/chromium";
import { defineConfig } from "vitest/config";

/** Tests that need a broker and a database; their folder or their name says so. */
const INFRASTRUCTURE = ["./test/support/infrastructure/setup.ts"];

/** The dashboard of one deployment. Both deployments run the same tests. */
const browser = (shape: "single" | "stack") => ({
  test: {
    name: `browser-${shape}`,
    include: ["test/browser/**/*.test.ts"],
    provide: { shape },
    // After the other tests and one file at a time: a container that starts changes the network, and Chromium then
    // fails every request with ERR_NETWORK_CHANGED.
    maxWorkers: 1,
    sequence: { groupOrder: shape === "single" ? 1 : 2 },
    globalSetup: shape === "stack" ? INFRASTRUCTURE : [],
    testTimeout: 90_000,
    hookTimeout: 60_000,
  },
});

const hasBrowser = findChromium() !== undefined;
if (!hasBrowser)
  process.stderr.write("No Chromium (CHROMIUM_PATH, or one on the PATH): the browser tests are left out\n");

export default defineConfig({
  test: {
    // Integration tests wait for disks, brokers and timers most of the time, so more files than cores run at once.
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: "unit",
          include: [
            "{shared,services,clients}/*/src/**/*.test.ts",
            "{load,tools,test/architecture,test/faults}/**/*.test.ts",
          ],
          exclude: ["**/*.{int,long}.test.ts", "**/node_modules/**"],
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
      ...(hasBrowser ? [browser("single"), browser("stack")] : []),
    ],
    coverage: {
      include: ["{shared,services,clients}/*/src/**/*.ts"],
      exclude: ["**/*.test.ts", "**/contract/**", "**/fixture/**"],
    },
  },
});
