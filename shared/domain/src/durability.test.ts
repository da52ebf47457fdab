import { expect, test } from "vitest";
import { type Durability, mergeDurability, NotDurable, requireDurable, SAFE } from "./durability.ts";

const unsafe: Durability = { status: "unsafe", findings: [{ part: "store", detail: "fsync=off; set fsync=on" }] };
const unknown: Durability = { status: "unknown", findings: [{ part: "log", detail: "not readable" }] };

test("the durability of several parts is that of the worst one", () => {
  expect(mergeDurability([])).toEqual(SAFE);
  expect(mergeDurability([SAFE, SAFE])).toEqual(SAFE);
  expect(mergeDurability([SAFE, unknown])).toEqual(unknown);
  expect(mergeDurability([unknown, unsafe, SAFE])).toEqual({
    status: "unsafe",
    findings: [...unknown.findings, ...unsafe.findings],
  });
});

test("equal durability findings are listed once", () => {
  expect(mergeDurability([unsafe, structuredClone(unsafe)])).toEqual(unsafe);
});

test("requireDurable refuses settings that are unsafe or unknown", () => {
  expect(() => requireDurable(SAFE)).not.toThrow();
  expect(() => requireDurable(unknown)).toThrow(NotDurable);
  expect(() => requireDurable(unsafe)).toThrow("REQUIRE_DURABLE=true, but fsync=off; set fsync=on");
});
