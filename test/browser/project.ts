import { findChromium } from "@tidemark/test-support/browser/chromium";

/** The browser tests of `npm test`. The others take long, or show the same on both shapes. */
export const MAIN_BROWSER_TESTS = "test/browser/!(*.long).test.ts";
export const LONG_BROWSER_TESTS = "test/browser/*.long.test.ts";

/**
 * Returns the vitest projects of the dashboard's tests, one for each shape; none without a Chromium. They run after all other
 * tests: a container that starts changes the network, and Chromium then fails every request with ERR_NETWORK_CHANGED.
 */
export function browserProjects(...deployments: { shape: "single" | "stack"; include: string[] }[]) {
  if (findChromium() === undefined) {
    process.stderr.write("No Chromium (CHROMIUM_PATH, or one on the PATH): the browser tests are left out\n");
    return [];
  }
  return deployments.map(({ shape, include }, index) => ({
    test: {
      name: `browser-${shape}`,
      include,
      provide: { shape },
      maxWorkers: shape === "single" ? 2 : 1, // a stack is many processes
      sequence: { groupOrder: 1 + index },
      globalSetup: shape === "stack" ? ["./test/support/infrastructure/setup.ts"] : [],
      testTimeout: 90_000,
      hookTimeout: 60_000,
    },
  }));
}
