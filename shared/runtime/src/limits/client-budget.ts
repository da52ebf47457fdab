import { ByteBudget, type ByteBudgetOptions, type Room } from "../byte-budget.ts";

export interface ClientBudgetOptions extends ByteBudgetOptions {
  /** The bytes that one client may hold. */
  maxBytesPerClient: number;
  /** Creates the error of a client that has used its share. Default: that of a budget without room. */
  refuseClient?: () => Error;
}

interface Share {
  budget: ByteBudget;
  /** The rooms in use, so that a client that has none costs no memory. */
  rooms: number;
}

/**
 * A budget of bytes of which one client holds no more than its share. A client that has used its share waits for its own
 * requests to end, and does not delay the requests of others.
 */
export class ClientBudget {
  readonly #all: ByteBudget;
  readonly #shareOptions: ByteBudgetOptions;
  readonly #shares = new Map<string, Share>();

  constructor({ maxBytesPerClient, refuseClient, ...options }: ClientBudgetOptions) {
    this.#all = new ByteBudget(options);
    this.#shareOptions = { ...options, maxBytes: maxBytesPerClient, ...(refuseClient && { refuse: refuseClient }) };
  }

  /** Returns room for a request of a client, or for work that belongs to no client. */
  enter(clientId?: string): Room {
    const room = this.#all.enter();
    return clientId === undefined ? room : this.#enterShare(clientId, room);
  }

  #enterShare(clientId: string, room: Room): Room {
    const share = this.#shares.get(clientId) ?? { budget: new ByteBudget(this.#shareOptions), rooms: 0 };
    this.#shares.set(clientId, share);
    share.rooms++;
    const own = share.budget.enter();
    let held = 0;
    let isInUse = true;
    return {
      tryGrow: (bytes) => {
        if (!own.tryGrow(bytes)) return false;
        if (room.tryGrow(bytes)) {
          held += bytes;
          return true;
        }
        own.shrinkTo(held);
        return false;
      },
      grow: async (bytes, signal) => {
        await own.grow(bytes, signal);
        try {
          await room.grow(bytes, signal);
          held += bytes;
        } catch (error) {
          own.shrinkTo(held);
          throw error;
        }
      },
      shrinkTo: (bytes) => {
        held = Math.min(held, bytes);
        room.shrinkTo(bytes);
        own.shrinkTo(bytes);
      },
      release: () => {
        room.release();
        own.release();
        if (isInUse && --share.rooms === 0) this.#shares.delete(clientId);
        isInUse = false;
      },
    };
  }
}
