import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { verdictsOf } from "./applying.ts";
import { eventText } from "./frames.ts";
import type { OpenForTest } from "./store-under-test.ts";

export function describeUsage(open: OpenForTest): void {
  describe("the usage", () => {
    test("the database has at least the bytes of its events", async () => {
      const { store } = await open();
      const payload = JSON.stringify({ text: randomBytes(20_000).toString("hex") });
      await verdictsOf(
        store,
        Array.from({ length: 10 }, () => eventText({ payload })),
      );

      const { databaseBytes } = await store.readUsage();

      expect(databaseBytes).toBeGreaterThan(10 * 20_000);
    });
  });
}
