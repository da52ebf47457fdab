import { describe, expect, it } from "vitest";
import { PendingVerdicts, waitForVerdicts } from "./pending-verdicts.ts";

describe("PendingVerdicts", () => {
  it("the verdicts of a frame go to every request that waits for them", async () => {
    const pending = new PendingVerdicts();
    const verdicts = pending.expect("a");
    const waiting = [waitForVerdicts(verdicts, 60_000), waitForVerdicts(verdicts, 60_000)];
    pending.settle({ frameId: "b", verdicts: "x" });
    pending.settle({ frameId: "a", verdicts: "sd" });
    expect(await Promise.all(waiting)).toEqual(["sd", "sd"]);
  });

  it("verdicts that arrive before a request waits for them are kept", async () => {
    const pending = new PendingVerdicts();
    const verdicts = pending.expect("a");
    pending.settle({ frameId: "a", verdicts: "s" });
    expect(await waitForVerdicts(verdicts, 0)).toBe("s");
    expect(await waitForVerdicts(verdicts, 60_000)).toBe("s");
  });

  it("a request whose verdicts do not arrive in time gets undefined", async () => {
    const verdicts = new PendingVerdicts().expect("a");
    expect(await waitForVerdicts(verdicts, 1)).toBeUndefined();
    expect(await waitForVerdicts(verdicts, 0)).toBeUndefined();
  });

  it("every wait for verdicts ends within a limit after the process begins to stop", async () => {
    const pending = new PendingVerdicts();
    const waiting = waitForVerdicts(pending.expect("a"), 60_000);
    pending.stopWaiting(1);
    expect(await waiting).toBeUndefined();
    expect(await waitForVerdicts(pending.expect("b"), 60_000)).toBeUndefined();
  });

  it("the verdicts of a forgotten frame are ignored", async () => {
    const pending = new PendingVerdicts();
    const verdicts = pending.expect("a");
    pending.forget("a");
    pending.settle({ frameId: "a", verdicts: "s" });
    expect(await waitForVerdicts(verdicts, 0)).toBeUndefined();
  });
});
