import { expect, test, vi } from "vitest";
import { startProgress } from "./progress.ts";
import { Tally } from "./tally.ts";

function startOn(terminal: { isTTY: boolean; columns?: number }) {
  let text = "";
  vi.useFakeTimers({ toFake: ["performance"] });
  const progress = startProgress(4, { ...terminal, write: (piece) => (text += piece) });
  const tally = new Tally(4);
  tally.sent = 2;
  return { progress, tally, text: () => text };
}

test("on a terminal the progress is a bar, drawn on one line that does not wrap", () => {
  const { progress, tally, text } = startOn({ isTTY: true, columns: 52 });

  vi.advanceTimersByTime(100);
  progress.show(tally);
  progress.stop("published");

  const line = `\r${"█".repeat(15)}${"░".repeat(15)} 2 of 4 events, 0 pen\u001b[K`;
  expect(text()).toBe(`${line}${line}\npublished\n`);
});

test("elsewhere the progress is a plain line every three seconds", () => {
  const { progress, tally, text } = startOn({ isTTY: false });

  for (let second = 1; second <= 4; second++) {
    vi.advanceTimersByTime(1_000);
    progress.show(tally);
  }
  progress.stop("published");

  expect(text()).toBe("2 of 4 events, 0 pending: 0 accepted, 0 duplicates, 0 retries\npublished\n");
});
