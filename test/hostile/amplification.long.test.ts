import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { measureAll } from "./run.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

test.each(["single", "stack"] as const)(
  "no request costs %s more than its bytes justify",
  { timeout: 900_000 },
  async (shape) => {
    const rows = await measureAll({ shape, root, deadlineMs: 60_000 });

    const excesses = rows.map(({ name, excesses }) => [name, excesses]);
    expect(excesses).toEqual(rows.map(({ name }) => [name, []]));
  },
);
