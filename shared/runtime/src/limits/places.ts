import { type LimitCode, LimitExceeded, Unavailable } from "@tidemark/domain/errors";

export interface PlacesOptions {
  /** The plural name of the things that take a place. */
  name: string;
  /** The error code for a client that has its share. Absent where a missing place is not an error. */
  code?: LimitCode;
  /** The number at a time in this process. */
  max: number;
  /** The number at a time of one client. Default: a quarter of all, and at least one. */
  maxPerClient?: number;
}

/** A later attempt may get a place that another answer has left. */
const RETRY_AFTER_SECONDS = 5;

/** Limits the number of long answers at a time, in total and for each client. */
export class Places {
  readonly #options: PlacesOptions & { maxPerClient: number };
  readonly #taken = new Map<string, number>();
  #total = 0;

  constructor({ maxPerClient, ...options }: PlacesOptions) {
    this.#options = { ...options, maxPerClient: maxPerClient ?? Math.max(1, Math.floor(options.max / 4)) };
  }

  /**
   * Takes a place, and returns the function that gives it back.
   *
   * @throws {LimitExceeded} if the client has its share
   * @throws {Unavailable} `overloaded` if all places are taken
   */
  enter(clientId: string): () => void {
    const leave = this.tryEnter(clientId);
    if (leave !== undefined) return leave;
    const { name, code, max } = this.#options;
    const own = this.#taken.get(clientId) ?? 0;
    if (code !== undefined && this.#hasShare(clientId)) {
      const detail = `this client has ${own} ${name} already, as many as one client may have`;
      throw new LimitExceeded({ code, detail, retryAfterSeconds: RETRY_AFTER_SECONDS });
    }
    const detail = `${max} ${name} are open, as many as this process may have`;
    throw new Unavailable({ code: "overloaded", detail, retryAfterSeconds: RETRY_AFTER_SECONDS });
  }

  /** Takes a place like `enter`, but returns undefined if there is none. */
  tryEnter(clientId: string): (() => void) | undefined {
    if (this.#hasShare(clientId) || this.#total >= this.#options.max) return undefined;
    this.#taken.set(clientId, (this.#taken.get(clientId) ?? 0) + 1);
    this.#total++;
    let isHeld = true;
    return () => {
      if (isHeld) this.#leave(clientId);
      isHeld = false;
    };
  }

  #hasShare(clientId: string): boolean {
    return (this.#taken.get(clientId) ?? 0) >= this.#options.maxPerClient;
  }

  #leave(clientId: string): void {
    const left = (this.#taken.get(clientId) ?? 0) - 1;
    if (left > 0) this.#taken.set(clientId, left);
    else this.#taken.delete(clientId);
    this.#total--;
  }
}
