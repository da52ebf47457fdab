import { fork } from "node:child_process";
import type { LoadOrder, LoadResult } from "./load-run.ts";

export interface Loader {
  run(order: LoadOrder): Promise<LoadResult>;
  stop(): void;
}

/** Starts the loader in a separate process, so that its work is not part of the measured figures. */
export function startLoader(): Loader {
  const child = fork(new URL("./loader.process.ts", import.meta.url), { execArgv: [] });
  return {
    run: (order) =>
      new Promise((resolve, reject) => {
        const onExit = () => reject(new Error("the loader ended"));
        child.once("exit", onExit);
        child.once("message", (answer: { result: LoadResult } | { failed: string }) => {
          child.off("exit", onExit);
          if ("failed" in answer) reject(new Error(answer.failed));
          else resolve(answer.result);
        });
        child.send(order);
      }),
    stop: () => child.connected && child.disconnect(),
  };
}
