import { Worker } from "node:worker_threads";

/** A thread that serves calls, see `serveCalls`. */
export interface Thread {
  /** Sends a message. The buffers in `transfer` change threads without a copy. */
  send(message: unknown, transfer: ArrayBuffer[]): void;
  /** Ends the thread at once. It may be called after the thread has ended. */
  terminate(): void;
}

export interface ThreadEvents {
  onMessage(message: unknown): void;
  /** Called with an error that no call has caught. It ends the thread. */
  onError(cause: Error): void;
  /** Called once, when the thread has ended. */
  onExit(status: number): void;
}

/** Starts a thread with this module. */
export type StartThread = (module: URL, events: ThreadEvents) => Thread;

export const startThread: StartThread = (module, { onMessage, onError, onExit }) => {
  const worker = new Worker(module);
  worker.on("message", onMessage);
  worker.on("error", (cause) => onError(cause instanceof Error ? cause : new Error(String(cause))));
  worker.once("exit", onExit);
  return {
    send: (message, transfer) => worker.postMessage(message, transfer),
    terminate: () => void worker.terminate(),
  };
};
