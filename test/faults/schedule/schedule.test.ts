import fc from "fast-check";
import { expect, test } from "vitest";
import { PROXIES, type Shape } from "./fault-deck.ts";
import { drawSteps } from "./schedule.ts";

const planOptions = fc.record({
  seed: fc.nat(),
  shape: fc.constantFrom<Shape>("single", "stack"),
  durationMs: fc.integer({ min: 0, max: 600_000 }),
});

test("equal options draw equal faults and gaps", () => {
  fc.assert(
    fc.property(planOptions, (options) => {
      expect(drawSteps(options)).toEqual(drawSteps(options));
    }),
  );
});

test("a longer schedule begins like a shorter one", () => {
  fc.assert(
    fc.property(planOptions, (options) => {
      const short = drawSteps(options);
      const long = drawSteps({ ...options, durationMs: 2 * options.durationMs });
      expect(long.slice(0, short.length)).toEqual(short);
    }),
  );
});

test("the drawn faults fit into the duration", () => {
  fc.assert(
    fc.property(planOptions, (options) => {
      const steps = drawSteps(options);
      const lengths = steps.map(
        ({ gapMs, faults }) => gapMs + Math.max(...faults.map(({ afterMs = 0, holdMs }) => afterMs + holdMs)),
      );
      expect(lengths.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(options.durationMs);
    }),
  );
});

test("no two faults of a step have the same target", () => {
  fc.assert(
    fc.property(planOptions, (options) => {
      for (const { faults } of drawSteps(options)) {
        expect(new Set(faults.map(({ target }) => target)).size).toBe(faults.length);
        if (faults.length > 1) expect(faults.map(({ target }) => target)).not.toContain("all");
      }
    }),
  );
});

test.for(["single", "stack"] as const)(
  "ten minutes of %s have every kind of fault of that shape, alone and in pairs",
  (shape) => {
    const steps = drawSteps({ seed: 1, shape, durationMs: 600_000 });
    const kinds = new Set(steps.flatMap(({ faults }) => faults.map(({ kind }) => kind)));
    const common = [
      "kill",
      "freeze",
      "stop",
      "cut",
      "slow",
      "half-open",
      "full",
      "disk full",
      "clock jump",
      "large conflicts",
    ];
    expect([...kinds].sort()).toEqual(
      [...common, ...(shape === "stack" ? ["away", "redelivery", "acks lost", "slow event"] : [])].sort(),
    );
    expect(new Set(steps.map(({ faults }) => faults.length))).toEqual(new Set([1, 2]));
  },
);

test("every proxy of the stack connects a service", () => {
  expect(PROXIES.stack).toContain("client>gateway-1");
  expect(PROXIES.stack).toContain("consumer-2>postgres");
  expect(new Set(PROXIES.stack).size).toBe(PROXIES.stack.length);
});

test.for(["single", "stack"] as const)(
  "four minutes of %s have at least twenty-five faults with every seed",
  (shape) => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const steps = drawSteps({ seed, shape, durationMs: 240_000 });
        expect(steps.flatMap(({ faults }) => faults).length).toBeGreaterThanOrEqual(25);
      }),
    );
  },
);
