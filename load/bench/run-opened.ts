/**
 * Runs a program with a stack of closers. The closers run when the program ends, and on SIGINT and SIGTERM, which end
 * the process with 1.
 */
export async function runOpened(run: (opened: AsyncDisposableStack) => Promise<void>): Promise<void> {
  const opened = new AsyncDisposableStack();
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= opened.disposeAsync();
    return closing;
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void close().finally(() => process.exit(1)));
  }
  try {
    await run(opened);
  } finally {
    await close();
  }
}

/** Runs the closers of a stack. */
export async function stop(opened: { stop(): unknown }): Promise<void> {
  await opened.stop();
}
