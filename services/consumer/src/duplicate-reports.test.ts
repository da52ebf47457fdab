import { captureLogger } from "@tidemark/telemetry/fixture/capture-logger";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DuplicateReports } from "./duplicate-reports.ts";

const named = (id: number) => ({ topic: "t", eventId: `evt-${id}`, source: "s", isConflict: false });
const batch = (...ids: number[]) => ({
  duplicates: ids.length,
  conflicts: 0,
  dropped: ids.map(named),
  frames: [{ frame: `frame-${ids[0]}` }],
});

function open(level = "info") {
  const { logger, lines } = captureLogger(level);
  return { reports: new DuplicateReports(logger), lines };
}

describe("DuplicateReports", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("a duplicate after a quiet second is logged at once, and those of the next second in one line at its end", () => {
    const { reports, lines } = open();
    reports.add(batch(1));
    expect(lines).toMatchObject([{ duplicates: 1, samples: [{ event_id: "evt-1" }], frames: [{ frame: "frame-1" }] }]);
    reports.add(batch(2));
    reports.add(batch(3, 4));
    expect(lines).toHaveLength(1);
    vi.advanceTimersByTime(1_000);
    expect(lines[1]).toMatchObject({ duplicates: 3, frames: [{ frame: "frame-2" }, { frame: "frame-3" }] });
    vi.advanceTimersByTime(1_000);
    reports.add(batch(5));
    expect(lines.slice(2)).toMatchObject([{ duplicates: 1, samples: [{ event_id: "evt-5" }] }]);
  });

  it("a line names ten duplicates and ten frames at most, and counts all", () => {
    const { reports, lines } = open();
    reports.add(batch(0));
    for (let id = 1; id <= 30; id++) reports.add(batch(id));
    vi.advanceTimersByTime(1_000);
    expect(lines[1]?.duplicates).toBe(30);
    expect([lines[1]?.samples, lines[1]?.frames]).toMatchObject([{ length: 10 }, { length: 10 }]);
  });

  it("a stop logs the collected duplicates", () => {
    const { reports, lines } = open();
    reports.add(batch(1));
    reports.add(batch(2));
    reports.stop();
    expect(lines).toHaveLength(2);
  });

  it("at the level debug every duplicate gets a line at once", () => {
    const { reports, lines } = open("debug");
    reports.add(batch(...Array.from({ length: 30 }, (_, id) => id)));
    expect(lines.filter(({ msg }) => msg === "dropped duplicate")).toHaveLength(30);
  });
});
