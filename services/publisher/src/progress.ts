import { progress } from "@clack/prompts";
import { formatCount } from "./format-count.ts";
import type { Tally } from "./tally.ts";

const LINE_INTERVAL_MS = 3_000;

/** Shows how far a run is. */
export interface Progress {
  show(tally: Tally): void;
  stop(message: string): void;
}

/** A bar on a terminal, otherwise a plain line every few seconds. */
export function startProgress(events: number): Progress {
  return process.stdout.isTTY ? startBar(events) : startLines(events);
}

function startBar(events: number): Progress {
  const bar = progress({ max: events, size: 40, indicator: "timer" });
  bar.start(`0 of ${formatCount(events)} events`);
  // The bar makes the terminal raw, and a raw Ctrl-C is a key that ends the process with 0; cooked, it is our signal.
  if (process.stdin.isTTY) process.stdin.setRawMode(false);
  let shown = 0;
  return {
    show(tally) {
      bar.advance(tally.sent - shown, describe(tally, events));
      shown = tally.sent;
    },
    stop: (message) => bar.stop(message),
  };
}

function startLines(events: number): Progress {
  let nextLineAt = performance.now() + LINE_INTERVAL_MS;
  return {
    show(tally) {
      if (performance.now() < nextLineAt) return;
      nextLineAt = performance.now() + LINE_INTERVAL_MS;
      process.stdout.write(`${describe(tally, events)}\n`);
    },
    stop: (message) => process.stdout.write(`${message}\n`),
  };
}

function describe(tally: Tally, events: number): string {
  const { sent, pending, accepted, duplicates, retries } = tally;
  const figures = `${formatCount(accepted)} accepted, ${formatCount(duplicates)} duplicates, ${formatCount(retries)} retries`;
  return `${formatCount(sent)} of ${formatCount(events)} events, ${formatCount(pending)} pending: ${figures}`;
}
