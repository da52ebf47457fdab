import { describe, expect, it } from "vitest";
import { StoreWatch } from "./store-watch.ts";

const heartbeat = { consumerId: "a", isStoreUp: true, lagMs: 20 };

describe("StoreWatch", () => {
  it("has a client wait while it knows nothing", () => {
    expect(new StoreWatch().isVerdictLikely(2_000, 0)).toBe(true);
  });

  it("has nobody wait for a store that is down", () => {
    const watch = new StoreWatch();
    watch.hear({ ...heartbeat, isStoreUp: false }, 0);
    expect(watch.isVerdictLikely(2_000, 0)).toBe(false);
    watch.hear({ ...heartbeat, consumerId: "b" }, 0);
    expect(watch.isVerdictLikely(2_000, 0)).toBe(true);
  });

  it("has nobody wait when the store is further behind than the wait", () => {
    const watch = new StoreWatch();
    watch.hear({ ...heartbeat, lagMs: 3_000 }, 0);
    expect(watch.isVerdictLikely(2_000, 0)).toBe(false);
    expect(watch.isVerdictLikely(3_000, 0)).toBe(true);
  });

  it("adds up how fast the consumers are that reach the store", () => {
    const watch = new StoreWatch();
    expect(watch.drain(0)).toEqual({ isStoreDown: false, eventsPerSecond: undefined });
    watch.hear({ ...heartbeat, isStoreUp: false, eventsPerSecond: 7 }, 0);
    expect(watch.drain(0)).toEqual({ isStoreDown: true, eventsPerSecond: undefined });
    watch.hear({ ...heartbeat, consumerId: "b", eventsPerSecond: 1_000 }, 0);
    watch.hear({ ...heartbeat, consumerId: "c", eventsPerSecond: 500 }, 1);
    watch.hear({ ...heartbeat, consumerId: "of an older version" }, 1);
    expect(watch.drain(1)).toEqual({ isStoreDown: false, eventsPerSecond: 1_500 });
    expect(watch.drain(5_001)).toEqual({ isStoreDown: false, eventsPerSecond: 500 });
    expect(watch.drain(5_002)).toEqual({ isStoreDown: true, eventsPerSecond: undefined });
  });

  it("has nobody wait once the consumers have fallen silent", () => {
    const watch = new StoreWatch();
    watch.hear(heartbeat, 0);
    expect(watch.isVerdictLikely(2_000, 5_000)).toBe(true);
    expect(watch.isVerdictLikely(2_000, 5_001)).toBe(false);
  });
});
