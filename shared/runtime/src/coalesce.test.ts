import { expect, test } from "vitest";
import { coalesce } from "./coalesce.ts";

/** Look-ups that the test ends. */
function createLookUps() {
  const begun: { key: string; end: PromiseWithResolvers<number> }[] = [];
  const ask = coalesce((key: string) => {
    const end = Promise.withResolvers<number>();
    begun.push({ key, end });
    return end.promise;
  });
  return { begun, ask };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("concurrent calls share one look-up", async () => {
  const { begun, ask } = createLookUps();
  const answers = [ask("a"), ask("a"), ask("a")];
  await settled();
  expect(begun).toHaveLength(1);
  begun[0]?.end.resolve(7);
  expect(await Promise.all(answers)).toEqual([7, 7, 7]);
});

test("a call during a look-up is answered by the next look-up", async () => {
  const { begun, ask } = createLookUps();
  const first = ask("a");
  await settled();
  const late = [ask("a"), ask("a")];
  await settled();
  expect(begun).toHaveLength(1);
  begun[0]?.end.resolve(1);
  await settled();
  expect(begun).toHaveLength(2);
  begun[1]?.end.resolve(2);
  expect(await Promise.all([first, ...late])).toEqual([1, 2, 2]);
});

test("a failed look-up does not fail later calls", async () => {
  const { begun, ask } = createLookUps();
  const first = ask("a");
  await settled();
  const late = ask("a");
  begun[0]?.end.reject(new Error("away"));
  await expect(first).rejects.toThrow("away");
  await settled();
  begun[1]?.end.resolve(2);
  expect(await late).toBe(2);
});

test("look-ups of different keys run at the same time", async () => {
  const { begun, ask } = createLookUps();
  const answers = [ask("a"), ask("b")];
  await settled();
  expect(begun.map(({ key }) => key)).toEqual(["a", "b"]);
  for (const { end } of begun) end.resolve(3);
  expect(await Promise.all(answers)).toEqual([3, 3]);
});

test("a call after all others starts another look-up", async () => {
  const { begun, ask } = createLookUps();
  for (const answer of [1, 2]) {
    const asked = ask("a");
    await settled();
    begun.at(-1)?.end.resolve(answer);
    expect(await asked).toBe(answer);
  }
});
