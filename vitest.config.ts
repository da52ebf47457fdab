import { findChromium } from "@tidemark/test-support/chromium";
import { defineConfig } from "vitest/config";

/** The dashboard of a shape, each by the same tests. */
const browser = (shape: "single" | "stack") => ({
  test: {
    name: `browser-${shape}`,
    include: ["test/browser/**/*.test.ts"],
    provide: { shape },
    globalSetup: shape === "stack" ? ["./test/support/infrastructure-setup.ts"] : [],
    testTimeout: 90_000,
    hookTimeout: 60_000,
  },
});

const hasBrowser = findChromium() !== undefined;
if (!hasBrowser)
  process.stderr.write("No Chromium (CHROMIUM_PATH, or one on the PATH): the browser tests are left out\n");

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["{shared,services,clients}/*/src/**/*.test.ts", "{load,tools,test/architecture}/**/*.test.ts"],
          exclude: ["**/*.int.test.ts", "**/node_modules/**"],
        },
      },
      {
        test: {
          name: "integration",
          include: ["test/**/*.test.ts", "shared/*/src/**/*.int.test.ts"],
          exclude: ["test/{conformance,browser,architecture}/**", "**/node_modules/**"],
          globalSetup: ["./test/support/infrastructure-setup.ts"],
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
