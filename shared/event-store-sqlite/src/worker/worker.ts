import { type MessagePort, parentPort, Worker } from "node:worker_threads";
import { type ErrorRecord, fromErrorRecord, storeUnreachable, toErrorRecord, translateSqliteError } from "./errors.ts";

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
 * one are rejected with `Unavailable`. It is not started again: what killed it is a bug, and `onDeath` ends the process.
 */
export class SqliteWorker<Served extends Methods & { close: () => void }> {
  readonly #worker: Worker;
  readonly #onDeath: (cause: Error) => void;
  readonly #exit: Promise<void>;
  readonly #pending = new Map<number, Pending>();
  #calls = 0;
  /** Set once it takes no more calls. */
  #ended: Error | undefined;

  constructor(url: URL, onDeath: (cause: Error) => void) {
    this.#onDeath = onDeath;
    this.#worker = new Worker(url);
    this.#worker.on("message", (reply: Reply) => this.#settle(reply));
    this.#worker.on("error", (cause) => this.#die(cause instanceof Error ? cause : new Error(String(cause))));
    this.#exit = new Promise((resolve) => {
      this.#worker.once("exit", (status) => {
        this.#die(new Error(`a thread of the store ended with ${status}`));
        resolve();
      });
    });
  }

  call<Name extends keyof Served & string>(
    method: Name,
    args: Parameters<Served[Name]>,
    transfer: ArrayBuffer[] = [],
  ): Promise<ReturnType<Served[Name]>> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return this.#send(method, args, transfer) as Promise<ReturnType<Served[Name]>>;
  }

  /** Lets the calls under way finish, then ends the thread. May be called again, and after its death. */
  async close(): Promise<void> {
    if (this.#ended === undefined) {
      this.#ended = storeUnreachable("the store is closed");
      await this.#send("close", [], []);
    }
    await this.#exit;
  }

  /** Ends the thread at once and rejects its calls. */
  abandon(cause: Error): void {
    this.#ended ??= storeUnreachable(`a thread of the store died: ${cause.message}`, cause);
    for (const pending of this.#pending.values()) pending.reject(this.#ended);
    this.#pending.clear();
    void this.#worker.terminate();
  }

  #send(method: string, args: unknown[], transfer: ArrayBuffer[]): Promise<unknown> {
    const id = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ id, method, args } satisfies Call, transfer);
    });
  }

  #settle(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ("error" in reply) pending?.reject(fromErrorRecord(reply.error));
    else pending?.resolve(reply.result);
  }

  #die(cause: Error): void {
    const isExpected = this.#ended !== undefined;
    this.abandon(cause);
    if (!isExpected) this.#onDeath(cause);
  }
}
