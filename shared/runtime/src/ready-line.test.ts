import { resolve } from "node:path";
import { expect, test } from "vitest";
import { readyLine } from "./ready-line.ts";

test.each([
  ["127.0.0.1", "http://127.0.0.1:8080/"],
  ["0.0.0.0", "http://localhost:8080/"],
  ["::", "http://localhost:8080/"],
  ["::1", "http://[::1]:8080/"],
])("the line of a ready single has an address that a browser opens: %s", (host, address) => {
  expect(readyLine({ host, port: 8080, databasePath: "data/tidemark.db" })).toContain(`Dashboard: ${address} `);
});

test("the line of a ready single names its file, relative to the folder if it is inside", () => {
  const at = (databasePath: string) => readyLine({ host: "::1", port: 1, databasePath });
  expect(at(resolve("data/tidemark.db"))).toContain("Data: data/tidemark.db ");
  expect(at("/var/lib/tidemark.db")).toContain("Data: /var/lib/tidemark.db ");
});
