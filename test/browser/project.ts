import { findChromium } from "@tidemark/test-support/browser/chromium";

/**
 * Returns the vitest projects of the dashboard's tests for these shapes, none without a Chromium. They run after all other
 * tests: a container that starts changes the network, and Chromium then fails every request with ERR_NETWORK_CHANGED.
 */
export function browserProjects(...shapes: ("single" | "stack")[]) {
  if (findChromium() === undefined) {
    process.stderr.write("No Chromium (CHROMIUM_PATH, or one on the PATH): the browser tests are left out\n");
    return [];
  }
  return shapes.map((shape, index) => ({
    test: {
      name: `browser-${shape}`,
      include: ["test/browser/**/*.test.ts"],
      provide: { shape },
      maxWorkers: shape === "single" ? 2 : 1, // a stack is many processes
      sequence: { groupOrder: 1 + index },
      globalSetup: shape === "stack" ? ["./test/support/infrastructure/setup.ts"] : [],
      testTimeout: 90_000,
      hookTimeout: 60_000,
    },
  }));
}
