import type { Readable } from "node:stream";
import type { Room } from "@tidemark/runtime/byte-budget";
import { ClientBudget } from "@tidemark/runtime/limits/client-budget";
import { type ContentEncoding, decodeBody, MAX_DECODER_BYTES } from "./content-encoding.ts";
import { joinRooms } from "./join-rooms.ts";
import { readBody } from "./read-body.ts";

const MIN_BYTES_IN_FLIGHT = 64 * 1024 * 1024;
// Small bodies have room of their own, so that they do not wait for large ones of slow or many senders. Beyond it they take
// that of all bodies: this much is a few hundred requests, of which one client may hold half.
const SMALL_BODY_BYTES = 64 * 1024;
const SMALL_BODIES_IN_FLIGHT = 8 * 1024 * 1024;

/** The sender of a body, and its form and size as the headers of the request declare them. */
export interface BodyHead {
  clientId: string;
  encoding: ContentEncoding | undefined;
  /** The value of `Content-Length`, if there is one. */
  declaredBytes: string | undefined;
}

/** The bodies of all requests in flight. They share a bounded memory, of which one client may hold half. */
export class Bodies {
  readonly #maxBodyBytes: number;
  readonly #maxWaitMs: number;
  readonly #shared: ClientBudget;
  readonly #small: ClientBudget;
  readonly #decoders: ClientBudget;

  /** @param options.maxWaitMs the time that a body waits for room */
  constructor({ maxBodyBytes, maxWaitMs }: { maxBodyBytes: number; maxWaitMs: number }) {
    this.#maxBodyBytes = maxBodyBytes;
    this.#maxWaitMs = maxWaitMs;
    this.#shared = this.#shareOut(Math.max(MIN_BYTES_IN_FLIGHT, 4 * maxBodyBytes));
    this.#small = this.#shareOut(SMALL_BODIES_IN_FLIGHT);
    this.#decoders = this.#shareOut(MAX_DECODER_BYTES);
  }

  /** Creates a budget of which one client may hold half, so that a client that sends slowly does not block the others. */
  #shareOut(maxBytes: number): ClientBudget {
    return new ClientBudget({ maxBytes, maxBytesPerClient: maxBytes / 2, maxWaitMs: this.#maxWaitMs });
  }

  /** Returns the room for a body. The caller releases it when the body is in memory no longer. */
  enter({ clientId, encoding, declaredBytes }: BodyHead): Room {
    const enterShared = () => this.#shared.enter(clientId);
    const isSmall = encoding === undefined && Number(declaredBytes) <= SMALL_BODY_BYTES;
    return isSmall ? joinRooms(this.#small.enter(clientId), enterShared) : enterShared();
  }

  /** Reads a body into its room, and decodes it. @throws as `readBody` and `decodeBody` */
  async read(stream: Readable, room: Room, { clientId, encoding, declaredBytes }: BodyHead): Promise<Buffer> {
    const maxBodyBytes = this.#maxBodyBytes;
    const body = await readBody(stream, { declaredBytes, maxBodyBytes, room });
    if (encoding === undefined) return body;
    const decoders = { enter: () => this.#decoders.enter(clientId) };
    const decoded = await decodeBody(body, { encoding, maxBodyBytes, room, decoders });
    room.shrinkTo(decoded.length);
    return decoded;
  }
}
