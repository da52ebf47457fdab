import { expect, test } from "vitest";
import { formatTable } from "./markdown-table.ts";

test("a Markdown table lines up, text to the left and numbers to the right", () => {
  const rows = [
    ["stack", "1,234"],
    ["single", "9"],
  ];

  expect(formatTable(["shape", "events/s"], rows).split("\n")).toEqual([
    "| shape  | events/s |",
    "|--------|---------:|",
    "| stack  |    1,234 |",
    "| single |        9 |",
  ]);
});

test("a Markdown table has empty cells for a row that is too short", () => {
  expect(formatTable(["one", "two"], [["a"]]).split("\n")).toContain("| a   |     |");
});

test("a Markdown table whose lines would be too long is not padded", () => {
  const text = "x".repeat(160);

  expect(formatTable(["one", "two"], [[text, "1"], ["a"]]).split("\n")).toEqual([
    "| one | two |",
    "|----|---:|",
    `| ${text} | 1 |`,
    "| a |  |",
  ]);
});
