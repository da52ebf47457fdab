import { ConnectionLost } from "./errors.ts";

/** The state of a connection (connected or lost), and the requests that wait for an answer. It begins as lost. */
export class Link {
  isConnected = false;
  #connected = Promise.withResolvers<void>();
  #lost = Promise.withResolvers<void>();
  // These are not reactions of the promise `#lost`, because a promise that stays pending for months would keep all of
  // them in memory.
  readonly #pending = new Set<(error: Error) => void>();

  constructor() {
    this.#lost.resolve();
  }

  get connected(): Promise<void> {
    return this.#connected.promise;
  }

  get lost(): Promise<void> {
    return this.#lost.promise;
  }

  becomeConnected(): void {
    if (this.isConnected) return;
    this.isConnected = true;
    this.#lost = Promise.withResolvers();
    this.#connected.resolve();
  }

  becomeLost(): void {
    if (!this.isConnected) return;
    this.isConnected = false;
    this.#connected = Promise.withResolvers();
    this.#lost.resolve();
    for (const reject of this.#pending) reject(new ConnectionLost("the connection was lost before the answer came"));
  }

  untilLost<Answer>(request: Promise<Answer>): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#pending.add(reject);
    request.then(resolve, reject).finally(() => this.#pending.delete(reject));
    return promise;
  }
}
