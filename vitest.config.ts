import { defineConfig } from "vitest/config";
import { findChromium } from "./test/support/chromium.ts";

const browser = {
  test: { name: "browser", include: ["test/browser/**/*.test.ts"], testTimeout: 90_000, hookTimeout: 60_000 },
};

const hasBrowser = findChromium() !== undefined;
if (!hasBrowser)
  process.stderr.write("No Chromium (CHROMIUM_PATH, or one on the PATH): the browser tests are left out\n");

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["{shared,services/*,clients/*}/src/**/*.test.ts", "load/**/*.test.ts"] } },
      {
        test: {
          name: "integration",
          include: ["test/**/*.test.ts"],
          exclude: ["test/conformance/**", "test/browser/**"],
          globalSetup: ["./test/support/infrastructure-setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      ...(hasBrowser ? [browser] : []),
    ],
    coverage: { include: ["{shared,services/*,clients/*}/src/**/*.ts"], exclude: ["**/*.test.ts"] },
  },
});
