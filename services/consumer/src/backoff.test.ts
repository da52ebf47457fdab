import { describe, expect, it } from "vitest";
import { Backoff } from "./backoff.ts";

describe("Backoff", () => {
  it("ends its wait when told to", async () => {
    const stopping = new AbortController();
    const backoff = new Backoff({ firstMs: 60_000, maxMs: 60_000 });
    const waited = backoff.wait(stopping.signal);
    stopping.abort();
    await waited;
    expect(backoff.attempts).toBe(1);
  });

  it("counts its attempts", async () => {
    const backoff = new Backoff({ firstMs: 0, maxMs: 0 });
    for (let time = 0; time < 3; time++) await backoff.wait(new AbortController().signal);
    expect(backoff.attempts).toBe(3);
  });
});
