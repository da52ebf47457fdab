import { Unavailable } from "@tidemark/shared/errors";

export interface ByteBudgetOptions {
  maxBytes: number;
  /** How long a request waits for room before it is refused. */
  maxWaitMs: number;
}

/** Bytes taken from a budget. */
export interface Room {
  /** Gives back what is not needed after all. */
  shrinkTo(bytes: number): void;
  /** Gives back the rest; once. */
  release(): void;
}

interface Waiting {
  bytes: number;
  admit: () => void;
}

/**
 * Bounds the bytes of all requests at work, so that memory follows this number and not that of the connections. Requests
 * are let in first come, first served; one larger than the whole budget is let in alone.
 */
export class ByteBudget {
  readonly #maxBytes: number;
  readonly #maxWaitMs: number;
  readonly #waiting: Waiting[] = [];
  #taken = 0;

  constructor({ maxBytes, maxWaitMs }: ByteBudgetOptions) {
    this.#maxBytes = maxBytes;
    this.#maxWaitMs = maxWaitMs;
  }

  /** @throws {Unavailable} `overloaded` when there was no room in time */
  async take(bytes: number): Promise<Room> {
    if (this.#waiting.length === 0 && this.#hasRoom(bytes)) this.#taken += bytes;
    else await this.#waitForRoom(bytes);
    let held = bytes;
    const shrinkTo = (size: number) => {
      this.#taken -= held - Math.min(held, size);
      held = Math.min(held, size);
      this.#admitWaiting();
    };
    return { shrinkTo, release: () => shrinkTo(0) };
  }

  #waitForRoom(bytes: number): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const waiting: Waiting = {
        bytes,
        admit: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(new Unavailable({ code: "overloaded", detail: "too many bytes in flight; nothing was taken" }));
        this.#admitWaiting();
      }, this.#maxWaitMs);
      this.#waiting.push(waiting);
    });
  }

  #hasRoom(bytes: number): boolean {
    return this.#taken === 0 || this.#taken + bytes <= this.#maxBytes;
  }

  #admitWaiting(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#hasRoom(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#taken += next.bytes;
      next.admit();
    }
  }
}
