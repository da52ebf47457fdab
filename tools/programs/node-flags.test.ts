import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { NODE_FLAGS } from "./node-flags.ts";

test("compose starts query with its flags of Node", () => {
  const compose = readFileSync(new URL("../../docker-compose.yml", import.meta.url), "utf8");
  const command = /command: \[(node, .*services\/query\/src\/main\.ts)\]/.exec(compose)?.[1];
  expect(command?.split(", ")).toEqual(["node", ...(NODE_FLAGS.query ?? []), "services/query/src/main.ts"]);
});
