/** The result of a command that ran. */
export interface Outcome {
  /** 0: done, and the books balance. 1: done, and they do not balance. 2: not done. */
  exitCode: 0 | 1 | 2;
  /** The result, for standard output. */
  output?: string;
  /** The reason for which the command was not done, for standard error. */
  fault?: string;
}

/**
 * Prints the outcome of a command and sets the exit code of the process. An error of the command is also an outcome.
 */
export async function runCommand(name: string, command: () => Outcome | Promise<Outcome>): Promise<void> {
  const { exitCode, output, fault } = await outcomeOf(name, command);
  if (output !== undefined) process.stdout.write(`${output}\n`);
  if (fault !== undefined) process.stderr.write(`${fault}\n`);
  process.exitCode = exitCode;
}

async function outcomeOf(name: string, command: () => Outcome | Promise<Outcome>): Promise<Outcome> {
  try {
    return await command();
  } catch (error) {
    return { exitCode: 2, fault: `cannot ${name}: ${reasonsOf(error).join(": ")}` };
  }
}

/** Returns the messages of an error and of its cause. */
export function reasonsOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  // If several addresses were tried, the last error is representative of all.
  const cause = error.cause instanceof AggregateError ? error.cause.errors.at(-1) : error.cause;
  return [error.message, ...(cause instanceof Error && cause.message !== "" ? [cause.message] : [])];
}
