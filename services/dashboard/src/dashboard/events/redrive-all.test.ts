import { expect, test } from "vitest";
import type { RedriveAnswer } from "../api/contract.d.ts";
import { Refused, Unreachable } from "../api/request.js";
import { describeRedriven, redriveAll } from "./redrive-all.js";

async function* idsOf(...ids: string[]) {
  yield* ids;
}

function redriveTo(outcomes: Record<string, RedriveAnswer["status"] | Error>) {
  return async (id: string) => {
    const outcome = outcomes[id] ?? new Error(`no outcome for ${id}`);
    if (outcome instanceof Error) throw outcome;
    return { status: outcome };
  };
}

test("dead letters that are refused again or gone do not keep the others from being redriven", async () => {
  const progress: string[] = [];
  const redriven = await redriveAll(idsOf("1", "2", "3", "4"), {
    redrive: redriveTo({ 1: new Refused("refused", 409), 2: new Refused("gone", 404), 3: "stored", 4: "duplicate" }),
    onProgress: (counts) => progress.push(describeRedriven(counts)),
  });

  expect(redriven).toEqual({ stored: 1, duplicate: 1, conflict: 0, refused: 1 });
  expect(progress.at(0)).toBe("Tried 1 dead letter again: 0 stored, 1 refused again.");
  expect(progress.at(-1)).toBe("Tried 3 dead letters again: 1 stored, 1 duplicate, 1 refused again.");
});

test("a service that does not answer ends the redriving", async () => {
  const redrive = redriveTo({ 1: new Unreachable(), 2: "stored" });
  await expect(redriveAll(idsOf("1", "2"), { redrive, onProgress: () => {} })).rejects.toThrow(Unreachable);
});
