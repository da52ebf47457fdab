import { type MessagePort, parentPort, Worker } from "node:worker_threads";
import {
  type ErrorRecord,
  fromErrorRecord,
  storeUnreachable,
  toErrorRecord,
  translateSqliteError,
} from "./sqlite-errors.ts";

/** Calls of functions in another thread, answered in the order they were made. */

interface Call {
  id: number;
  method: string;
  args: unknown[];
}

type Reply = { id: number; result: unknown } | { id: number; error: ErrorRecord };

type Methods = Record<string, (...args: never[]) => unknown>;

/** In the worker: answers calls of these functions, which may throw. `close`, once it has run, ends the thread. */
export function serveCalls(methods: Methods & { close: () => void }): void {
  const port = parentPort as MessagePort;
  port.on("message", ({ id, method, args }: Call) => {
    port.postMessage(answer(id, () => (methods[method] as (...args: unknown[]) => unknown)(...args)));
    if (method === "close") port.close();
  });
}

function answer(id: number, run: () => unknown): Reply {
  try {
    return { id, result: run() };
  } catch (error) {
    return { id, error: toErrorRecord(translateSqliteError(error)) };
  }
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/**
 * The main thread's end. A worker that dies, or is closed, leaves no call unanswered: those under way and every later
 * one are rejected with `Unavailable`. It is not started again: what killed it is a bug, and the process should end.
 */
export class SqliteWorker<Served extends Methods> {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #calls = 0;
  #ended: Error | undefined;
  readonly #exit: Promise<void>;

  constructor(url: URL, onDeath: (error: Error) => void) {
    this.#worker = new Worker(url);
    this.#worker.on("message", (reply: Reply) => this.#settle(reply));
    this.#worker.on("messageerror", (error) => this.#end(error));
    this.#worker.on("error", (error) => {
      const cause = error instanceof Error ? error : new Error(String(error));
      this.#end(storeUnreachable(`a thread of the store died: ${cause.message}`, cause));
      onDeath(cause);
    });
    this.#exit = new Promise((resolve) => {
      this.#worker.once("exit", () => {
        this.#end(storeUnreachable("a thread of the store has ended"));
        resolve();
      });
    });
  }

  call<Name extends keyof Served & string>(
    method: Name,
    args: Parameters<Served[Name]>,
    transfer: ArrayBuffer[] = [],
  ): Promise<ReturnType<Served[Name]>> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      const id = ++this.#calls;
      this.#pending.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.#worker.postMessage({ id, method, args }, transfer);
    });
  }

  /** Lets the calls under way finish, then ends the thread. May be called again. */
  async close(): Promise<void> {
    if (this.#ended === undefined) {
      const closed = this.call("close", [] as unknown as Parameters<Served["close" & keyof Served]>);
      this.#ended = storeUnreachable("the store is closed");
      await closed;
    }
    await this.#exit;
  }

  #settle(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ("error" in reply) pending?.reject(fromErrorRecord(reply.error));
    else pending?.resolve(reply.result);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const pending of this.#pending.values()) pending.reject(this.#ended);
    this.#pending.clear();
  }
}
