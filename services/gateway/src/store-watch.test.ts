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

  it("says that the store is down while no running consumer reaches it", () => {
    const watch = new StoreWatch();
    expect(watch.isStoreDown(0)).toBe(false);
    watch.hear({ ...heartbeat, isStoreUp: false }, 0);
    expect(watch.isStoreDown(0)).toBe(true);
    watch.hear({ ...heartbeat, consumerId: "b", lagMs: 1_000_000 }, 0);
    expect(watch.isStoreDown(5_000)).toBe(false);
    expect(watch.isStoreDown(5_001)).toBe(true);
  });

  it("has nobody wait once the consumers have fallen silent", () => {
    const watch = new StoreWatch();
    watch.hear(heartbeat, 0);
    expect(watch.isVerdictLikely(2_000, 5_000)).toBe(true);
    expect(watch.isVerdictLikely(2_000, 5_001)).toBe(false);
  });
});
