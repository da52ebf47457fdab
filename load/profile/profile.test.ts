import { expect, it } from "vitest";
import { readProfile } from "./profile.ts";

const frame = (functionName: string, url = "", lineNumber = 0) => ({ functionName, url, lineNumber });

const PROFILE = {
  nodes: [
    { id: 1, callFrame: frame("(idle)") },
    { id: 2, callFrame: frame("(garbage collector)") },
    { id: 3, callFrame: frame("take", "file:///home/x/services/gateway/src/gateway.ts", 9) },
    { id: 4, callFrame: frame("send", "file:///home/x/node_modules/.pnpm/pg@8/node_modules/pg/lib/client.js", 4) },
  ],
  samples: [1, 2, 3, 4, 3],
  timeDeltas: [1_000, 10, 20, 30, 40],
};

it("sums a function's own time and leaves idle time out", () => {
  const { functions, places } = readProfile(PROFILE, 0);
  expect(functions).toEqual([
    { name: "take, src/gateway.ts:10", micros: 60, share: 0.6 },
    { name: "send, lib/client.js:5", micros: 30, share: 0.3 },
    { name: "(garbage collector)", micros: 10, share: 0.1 },
  ]);
  expect(places.map(({ name }) => name)).toEqual(["services/gateway/src", "pg", "(garbage collector)"]);
});

it("can leave out the start", () => {
  const { functions } = readProfile(PROFILE, 1_030);
  expect(functions.map(({ micros }) => micros)).toEqual([40, 30]);
});
