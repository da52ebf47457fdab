import { InvalidInput } from "@tidemark/domain/errors";
import { expect, it } from "vitest";
import { createProblem, problemOf, problemText } from "./problem.ts";

const invalid = (count: number, character: string) =>
  new InvalidInput({
    code: "invalid_event",
    status: 422,
    detail: character.repeat(100_000),
    faults: Array.from({ length: count }, () => ({ pointer: `/${character.repeat(5_000)}`, detail: "is wrong" })),
    faultsTotal: 1_000_000,
  });

it("a problem lists a hundred faults with short pointers, and their total", () => {
  const { errors = [], errors_total } = problemOf(invalid(500, "x")) ?? {};
  expect([errors.length, errors_total]).toEqual([100, 1_000_000]);
  expect(errors[0]).toEqual({ pointer: `/${"x".repeat(99)}…${"x".repeat(99)}`, detail: "is wrong" });
});

it.each(["x", "é", "\u0001", "😀", '"'])("a problem that quotes a text of %j has at most 64 KiB", (character) => {
  const text = problemText(problemOf(invalid(100, character)) ?? createProblem(500, "none", ""));
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(64 * 1024);
  const problem = JSON.parse(text);
  expect(problem.errors.length).toBeGreaterThanOrEqual(25);
  expect(problem.errors_total).toBe(1_000_000);
});

it("a long detail is cut in the middle", () => {
  expect(createProblem(400, "bad_request", `a${"x".repeat(100_000)}z`).detail).toMatch(/^ax{499}…x{498}z$/);
});
