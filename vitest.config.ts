import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["{shared,services/*}/src/**/*.test.ts", "load/**/*.test.ts"] } },
      {
        test: {
          name: "integration",
          include: ["test/**/*.test.ts"],
          exclude: ["test/conformance/**"],
          globalSetup: ["./test/support/infrastructure-setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
    coverage: { include: ["shared/src/**/*.ts", "services/*/src/**/*.ts"], exclude: ["**/*.test.ts"] },
  },
});
