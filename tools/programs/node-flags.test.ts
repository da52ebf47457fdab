import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { NODE_FLAGS } from "./node-flags.ts";

/** Commands that start a service. Each test reads a file of the repository and finds the flags before the entry point. */
const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

function flagsBefore(service: string, command: string): string[] {
  const words = command.split(/[\s",[\]]+/);
  const main = words.indexOf(`services/${service}/src/main.ts`);
  return words.slice(words.lastIndexOf("node", main) + 1, main).filter((word) => NODE_FLAGS[service]?.includes(word));
}

test.each([
  ["npm start", "single", () => JSON.parse(read("package.json")).scripts.start],
  ["npm run dev", "single", () => JSON.parse(read("package.json")).scripts.dev],
  [
    "the image",
    "single",
    () =>
      read("deploy/Dockerfile")
        .split("\n")
        .findLast((line) => line.startsWith("CMD")),
  ],
  ["compose", "query", () => /command: (.*services\/query.*)/.exec(read("docker-compose.yml"))?.[1]],
])("%s starts %s with its flags of Node", (_name, service, findCommand) => {
  expect(flagsBefore(service, String(findCommand()))).toEqual(NODE_FLAGS[service]);
});
