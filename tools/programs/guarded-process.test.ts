import { expect, onTestFinished, test } from "vitest";
import { startGuarded } from "./guarded-process.ts";

test("a guard can be asked any number of times", async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on("warning", note);
  onTestFinished(() => void process.off("warning", note));
  const guarded = await startGuarded(new URL("./guard-that-answers.ts", import.meta.url), {});
  onTestFinished(() => guarded.stop());

  for (let count = 0; count < 20; count++) await guarded.ask("anything");

  expect(warnings).toEqual([]);
});
