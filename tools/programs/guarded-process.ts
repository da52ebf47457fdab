import { fork } from "node:child_process";

/**
 * A guarded program. A small separate process, the guard, starts the program. The guard stops the program when this
 * process requests it or dies, even by `kill -9`, so that a test run leaves no process behind. The guard has its own
 * process group. Ctrl-C in a terminal therefore does not reach the program, so that its users can stop first.
 */
export interface Guarded<Ready> {
  ready: Ready;
  /** Sends a request to the guard; resolves when the guard has fulfilled it. */
  ask(request: string): Promise<void>;
  /** Stops the program; resolves when it has ended. */
  stop(): Promise<void>;
  /** Resolves when the program has ended, for any reason. */
  exited: Promise<void>;
}

/** The program of a guard. */
export interface GuardedProgram<Ready> {
  ready: Ready;
  /** Fulfils a request of `Guarded.ask`. */
  answer?(request: string): Promise<void>;
  stop(): Promise<void>;
}

type Answer<Ready> = { ready: Ready } | { done: number } | { failed: string };

/**
 * Starts a guard: a script that calls `runGuard` with a function that takes the same `options` and returns the same
 * `Ready`.
 *
 * @throws {Error} with the guard's message if the program could not start
 */
export async function startGuarded<Options, Ready>(script: URL, options: Options): Promise<Guarded<Ready>> {
  const guard = fork(script, { detached: true, execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const exited = new Promise<void>((resolve) => guard.once("exit", () => resolve()));
  const failed = new Promise<Answer<Ready>>((resolve) => {
    guard.on("error", (error) => resolve({ failed: error.message }));
    void exited.then(() => resolve({ failed: "it ended" }));
  });
  const answer = () => {
    const message = new Promise<Answer<Ready>>((resolve) => {
      guard.once("message", (message) => resolve(message as Answer<Ready>));
    });
    return Promise.race([message, failed]);
  };
  const succeed = (answered: Answer<Ready>) => {
    if ("failed" in answered) throw new Error(answered.failed);
    return answered;
  };

  const started = answer();
  guard.send({ options });
  const { ready } = succeed(await started) as { ready: Ready };
  return {
    ready,
    exited,
    async ask(request) {
      const answered = answer();
      guard.send({ request });
      succeed(await answered);
    },
    async stop() {
      if (guard.connected) guard.disconnect();
      await exited;
    },
  };
}

/** Runs in the guard: starts the program with the options received, and stops it when the other process is gone. */
export function runGuard<Options, Ready>(start: (options: Options) => Promise<GuardedProgram<Ready>>): void {
  let program: Promise<GuardedProgram<Ready>> | undefined;
  const answer = (message: unknown) => {
    if (process.connected) process.send?.(message);
  };
  process.on("message", async (message: { options: Options } | { request: string }) => {
    try {
      if ("options" in message) {
        program = start(message.options);
        answer({ ready: (await program).ready });
      } else {
        await (await program)?.answer?.(message.request);
        answer({ done: 1 });
      }
    } catch (error) {
      answer({ failed: (error as Error).message });
      if ("options" in message) process.exitCode = 1;
    }
  });
  process.on("disconnect", async () => {
    await program?.then((started) => started.stop()).catch(() => {});
    process.exit();
  });
}
