export const INTERRUPTED_EXIT_CODE = 130;

const LAST_ANSWERS_MS = 5_000;
// npm delivers one Ctrl-C of the terminal twice, so only a later signal counts as a second Ctrl-C.
const SAME_SIGNAL_MS = 1_000;

/** `stop` fires on Ctrl-C or SIGTERM; `abort` fires if requests are still in flight some seconds later. */
export interface Interruption {
  stop: AbortSignal;
  abort: AbortSignal;
}

/** Listens for the signals that stop a run. A second one, more than a second later, ends the process at once. */
export function listenForInterrupt(): Interruption {
  const stop = new AbortController();
  const abort = new AbortController();
  let stoppingSince = 0;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (stoppingSince === 0) {
        stoppingSince = Date.now();
        stop.abort();
        setTimeout(() => abort.abort(), LAST_ANSWERS_MS).unref();
      } else if (Date.now() - stoppingSince > SAME_SIGNAL_MS) process.exit(INTERRUPTED_EXIT_CODE);
    });
  }
  return { stop: stop.signal, abort: abort.signal };
}
