import { Unavailable } from "@tidemark/domain/errors";

export interface ByteBudgetOptions {
  maxBytes: number;
  /** The time that a request waits for room before it is refused. Default: indefinitely. */
  maxWaitMs?: number;
  /** Creates the error of a request that gets no room in time. Default: `overloaded`. */
  refuse?: () => Error;
}

/** The bytes that one request holds of a budget. */
export interface Room {
  /** Takes bytes if there is room for them now. Otherwise takes nothing and returns false. */
  tryGrow(bytes: number): boolean;
  /**
   * Waits for room and takes bytes. Takes nothing after the signal has been aborted.
   *
   * @throws {Unavailable} `overloaded` when there was no room in time, or the room has been released
   * @throws the reason of the signal
   */
  grow(bytes: number, signal?: AbortSignal): Promise<void>;
  /** Gives back the bytes that the request holds beyond `bytes`. */
  shrinkTo(bytes: number): void;
  /** Gives back all bytes of the request permanently. Waiting and later calls for room are refused. */
  release(): void;
}

interface Waiting {
  bytes: number;
  admit: () => void;
  refuse: () => void;
}

/**
 * Bounds the bytes of all requests in progress, so that memory depends on this limit and not on the number of connections.
 * Requests that wait for room get it in the order in which they asked.
 */
export class ByteBudget {
  readonly #maxBytes: number;
  readonly #maxWaitMs: number | undefined;
  readonly #refuse: () => Error;
  readonly #waiting: Waiting[] = [];
  #taken = 0;

  constructor({ maxBytes, maxWaitMs, refuse = overloaded }: ByteBudgetOptions) {
    this.#maxBytes = maxBytes;
    this.#maxWaitMs = maxWaitMs;
    this.#refuse = refuse;
  }

  enter(): Room {
    let held = 0;
    let isReleased = false;
    const waiting = new Set<Waiting>();
    const tryGrow = (bytes: number) => {
      if (isReleased || this.#waiting.length > 0 || !this.#hasRoom(bytes)) return false;
      this.#taken += bytes;
      held += bytes;
      return true;
    };
    const shrinkTo = (bytes: number) => {
      this.#taken -= Math.max(0, held - bytes);
      held = Math.min(held, bytes);
      this.#admitWaiting();
    };
    return {
      tryGrow,
      grow: async (bytes, signal) => {
        signal?.throwIfAborted();
        if (tryGrow(bytes)) return;
        if (isReleased) throw this.#refuse();
        const take = () => {
          held += bytes;
        };
        await this.#waitForRoom(bytes, { signal, waiting, take });
      },
      shrinkTo,
      release: () => {
        isReleased = true;
        for (const { refuse } of waiting) refuse();
        shrinkTo(0);
      },
    };
  }

  /** An entry is in `waiting`, the list of its own room, and in the queue of all rooms. */
  async #waitForRoom(
    bytes: number,
    { signal, waiting, take }: { signal: AbortSignal | undefined; waiting: Set<Waiting>; take: () => void },
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      waiting.delete(entry);
    };
    const giveUp = (reason: unknown) => {
      end();
      this.#waiting.splice(this.#waiting.indexOf(entry), 1);
      reject(reason);
      this.#admitWaiting();
    };
    const onAbort = () => giveUp(signal?.reason);
    const refuse = () => giveUp(this.#refuse());
    const admit = () => {
      end();
      take(); // at once, so that a release before the promise resolves gives these bytes back
      resolve();
    };
    const entry: Waiting = { bytes, admit, refuse };
    const timer = this.#maxWaitMs === undefined ? undefined : setTimeout(refuse, this.#maxWaitMs);
    signal?.addEventListener("abort", onAbort);
    waiting.add(entry);
    this.#waiting.push(entry);
    await promise;
  }

  #hasRoom(bytes: number): boolean {
    return this.#taken + bytes <= this.#maxBytes;
  }

  #admitWaiting(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#hasRoom(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#taken += next.bytes;
      next.admit();
    }
  }
}

function overloaded(): Unavailable {
  return new Unavailable({ code: "overloaded", detail: "too many bytes in flight; try again later" });
}
