import { expect, test } from "vitest";
import { durabilityOf } from "./durability.ts";

const ON = { synchronous_commit: "on", fsync: "on", full_page_writes: "on" };

test.each(["on", "local", "remote_write", "remote_apply"])(
  "synchronous_commit=%s is safe, because it waits for the disk",
  (value) => {
    expect(durabilityOf({ ...ON, synchronous_commit: value })).toEqual({ status: "safe", findings: [] });
  },
);

test.each(["synchronous_commit", "fsync", "full_page_writes"])(
  "%s=off is unsafe, and the finding says how to change it",
  (name) => {
    const { status, findings } = durabilityOf({ ...ON, [name]: "off" });
    expect(status).toBe("unsafe");
    expect(findings).toEqual([{ part: "store", detail: expect.stringMatching(`${name}=off.*set ${name}=on`) }]);
  },
);
