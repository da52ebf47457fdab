import { describe, expect, it } from "vitest";
import { VerdictDesk } from "./verdict-desk.ts";

describe("VerdictDesk", () => {
  it("gives every waiter the frame's verdicts", async () => {
    const desk = new VerdictDesk();
    const slot = desk.open("a");
    const waiting = [slot.wait(60_000), slot.wait(60_000)];
    desk.settle({ frameId: "b", verdicts: "x" });
    desk.settle({ frameId: "a", verdicts: "sd" });
    expect(await Promise.all(waiting)).toEqual(["sd", "sd"]);
  });

  it("keeps verdicts that come before anybody waits", async () => {
    const desk = new VerdictDesk();
    const slot = desk.open("a");
    desk.settle({ frameId: "a", verdicts: "s" });
    expect(await slot.wait(0)).toBe("s");
  });

  it("says undefined when they are not in within the time", async () => {
    const slot = new VerdictDesk().open("a");
    expect(await slot.wait(1)).toBeUndefined();
    expect(await slot.wait(0)).toBeUndefined();
  });

  it("lets nobody wait past the end", async () => {
    const desk = new VerdictDesk();
    const waiting = desk.open("a").wait(60_000);
    desk.stopWaiting(1);
    expect(await waiting).toBeUndefined();
    expect(await desk.open("b").wait(60_000)).toBeUndefined();
  });

  it("forgets a frame that is closed", async () => {
    const desk = new VerdictDesk();
    const slot = desk.open("a");
    slot.close();
    desk.settle({ frameId: "a", verdicts: "s" });
    expect(await slot.wait(0)).toBeUndefined();
  });
});
