import { formatCount } from "./format-count.ts";
import type { Tally } from "./tally.ts";

const BAR_INTERVAL_MS = 100;
const BAR_WIDTH = 30;
const LINE_INTERVAL_MS = 3_000;

/** Shows how far a run is. */
export interface Progress {
  show(tally: Tally): void;
  stop(message: string): void;
}

/** The stream that progress is written to: standard output, or a replacement in a test. */
export interface Terminal {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

/** Shows a bar on a terminal, otherwise a plain line every few seconds. */
export function startProgress(events: number, terminal: Terminal = process.stdout): Progress {
  const { isTTY: isTerminal = false } = terminal;
  const intervalMs = isTerminal ? BAR_INTERVAL_MS : LINE_INTERVAL_MS;
  let nextAt = performance.now() + intervalMs;
  let redraw = () => {};
  return {
    show(tally) {
      redraw = () => drawBar(terminal, tally, events);
      if (performance.now() < nextAt) return;
      nextAt = performance.now() + intervalMs;
      if (isTerminal) redraw();
      else terminal.write(`${describe(tally, events)}\n`);
    },
    stop(message) {
      if (isTerminal) redraw();
      terminal.write(isTerminal ? `\n${message}\n` : `${message}\n`);
    },
  };
}

/**
 * Draws over the last line on the terminal. The line is cut to the width, because the rest of a wrapped line would
 * stay.
 */
function drawBar(terminal: Terminal, tally: Tally, events: number): void {
  const full = Math.round((tally.sent / events) * BAR_WIDTH);
  const line = `${"█".repeat(full)}${"░".repeat(BAR_WIDTH - full)} ${describe(tally, events)}`;
  const { columns = 80 } = terminal;
  terminal.write(`\r${line.slice(0, columns - 1)}\u001b[K`);
}

function describe(tally: Tally, events: number): string {
  const { sent, pending, accepted, duplicates, retries } = tally;
  const figures = `${formatCount(accepted)} accepted, ${formatCount(duplicates)} duplicates, ${formatCount(retries)} retries`;
  return `${formatCount(sent)} of ${formatCount(events)} events, ${formatCount(pending)} pending: ${figures}`;
}
