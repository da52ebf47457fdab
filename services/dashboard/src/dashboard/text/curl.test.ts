import { expect, test } from "vitest";
import { curlCommand } from "./curl.js";

test("an address is quoted for the shell, and a key is a variable", () => {
  expect(curlCommand("http://localhost:8080/events?topic=it's&limit=1", { hasKey: false })).toBe(
    String.raw`curl -s 'http://localhost:8080/events?topic=it'\''s&limit=1'`,
  );
  expect(curlCommand("http://t/stats", { hasKey: true })).toBe(
    `curl -s -H "authorization: Bearer $TIDEMARK_KEY" 'http://t/stats'`,
  );
});
