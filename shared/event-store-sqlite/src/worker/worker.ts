import { type MessagePort, parentPort } from "node:worker_threads";
import { damageCode } from "../connection/damage.ts";
import {
  type ErrorRecord,
  fromErrorRecord,
  storeUnreachable,
  toErrorRecord,
  translateSqliteError,
} from "../connection/errors.ts";
import { type StartThread, startThread, type Thread } from "./thread.ts";

/** Calls functions in another thread, which answers them in the order of the calls. */

interface Call {
  id: number;
  method: string;
  args: unknown[];
}

type Reply = { id: number; result: unknown } | { id: number; error: ErrorRecord };

type Methods = Record<string, (...args: never[]) => unknown>;

/** The functions of a thread that has opened its file. `close` ends the thread. */
type Served = Methods & { close: () => void };

/** The same functions as the main thread calls them. */
type Remote<Functions extends Methods> = {
  [Name in keyof Functions]: (...args: Parameters<Functions[Name]>) => Promise<ReturnType<Functions[Name]>>;
};

/**
 * Serves a worker's calls. The first call opens the file of the store; the later ones are for the functions that `open`
 * returned. This is the one seam to SQLite: it translates every error that a function throws, so that statements are
 * plain.
 *
 * @param port the calls come from here, and `close` closes it. Default: the port of the thread, which then ends
 */
export function serveCalls<Options extends object>(
  open: (path: string, options: Options) => Served,
  port = parentPort as MessagePort,
): void {
  let served: Methods = {
    open: (path: string, options: Options): void => {
      served = open(path, options);
    },
    close: () => undefined,
  };
  port.on("message", ({ id, method, args }: Call) => {
    port.postMessage(answer(id, () => (served[method] as (...args: unknown[]) => unknown)(...args)));
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

export interface WorkerEvents {
  onDeath(cause: Error): void;
  /** Called with SQLite's result code whenever a call finds that the file is damaged. */
  onDamage?(code: string): void;
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/**
 * The main thread's end of a worker. A worker that dies or is closed leaves no call unanswered: the calls under way and
 * every later one are rejected with `Unavailable`. Only a bug kills a worker, so it is not started again: `onDeath` ends
 * the process.
 *
 * States: serving -> closing (`close`; the calls under way finish) -> ended, or serving -> dead (`abandon`, or the thread
 * ended by itself). `#ended` is set in all but the first.
 */
export class SqliteWorker<Functions extends Served> {
  readonly #thread: Thread;
  readonly #events: WorkerEvents;
  readonly #exit: Promise<void>;
  readonly #pending = new Map<number, Pending>();
  #calls = 0;
  /** The reason for which no further call is taken. */
  #ended: Error | undefined;

  constructor(module: URL, events: WorkerEvents, start: StartThread = startThread) {
    this.#events = events;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#exit = promise;
    this.#thread = start(module, {
      onMessage: (reply) => this.#settle(reply as Reply),
      onError: (cause) => this.#die(cause),
      onExit: (status) => {
        this.#die(new Error(`a thread of the store ended with ${status}`));
        resolve();
      },
    });
  }

  /** Opens the file in the thread. This must be the first call. */
  async open(path: string, options = {}): Promise<void> {
    if (this.#ended !== undefined) throw this.#ended;
    await this.#send("open", [path, options], []);
  }

  /** Calls a function in the thread. The buffers in `transfer` change threads without a copy. */
  call<Name extends keyof Functions & string>(
    method: Name,
    args: Parameters<Functions[Name]>,
    transfer: ArrayBuffer[] = [],
  ): Promise<ReturnType<Functions[Name]>> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return this.#send(method, args, transfer) as Promise<ReturnType<Functions[Name]>>;
  }

  /** Returns functions of the main thread that call those of the same names in the worker. */
  forward<Name extends keyof Functions & string>(...names: Name[]): Pick<Remote<Functions>, Name> {
    const calls = names.map((name) => [name, (...args: Parameters<Functions[Name]>) => this.call(name, args)]);
    return Object.fromEntries(calls) as Pick<Remote<Functions>, Name>;
  }

  /**
   * Lets the calls under way finish, then ends the thread. It may be called repeatedly, even after the thread has died.
   */
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
    this.#thread.terminate();
  }

  #send(method: string, args: unknown[], transfer: ArrayBuffer[]): Promise<unknown> {
    const id = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#thread.send({ id, method, args } satisfies Call, transfer);
    });
  }

  #settle(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ("error" in reply) {
      const damage = damageCode(reply.error);
      if (damage !== undefined) this.#events.onDamage?.(damage);
      pending?.reject(fromErrorRecord(reply.error));
    } else pending?.resolve(reply.result);
  }

  #die(cause: Error): void {
    const isExpected = this.#ended !== undefined;
    this.abandon(cause);
    if (!isExpected) this.#events.onDeath(cause);
  }
}
