import { readPublishAnswer } from "./answer.ts";
import { Batcher, type BatcherOptions } from "./batcher.ts";
import type { IdentifiedEvent, NewEvent, PublishAnswer } from "./contract.ts";
import { deliver, type Interruption, type Patience } from "./deliver.ts";
import { identify } from "./event-text.ts";
import { isAnswer } from "./http-attempt.ts";
import { type Publication, readPublication } from "./publication.ts";
import { createPublishError, PublishError } from "./publish-error.ts";

export { PublishError };

export interface ClientOptions {
  /** The service, `http://localhost:8080`, or where it takes events, `https://example.com/intake/publish`. */
  url: string | URL;
  /** Presented as `Authorization: Bearer`. */
  apiKey?: string | undefined;
  /** All attempts of one publish and the pauses between them, milliseconds. Default 120,000. */
  deadlineMs?: number;
  /** One attempt, milliseconds. Default: a quarter of the deadline, so that there is time for others. */
  requestTimeoutMs?: number;
  /** The pause after the first failed attempt, milliseconds; it doubles, and half of it is random. Default 100. */
  firstDelayMs?: number;
  /** The longest pause, milliseconds, unless `Retry-After` asks for more. Default 10,000. */
  longestDelayMs?: number;
}

export interface PublishOptions extends Interruption {
  /** Good events go through where others break a rule, which are listed in `rejected`. Default: all or nothing. */
  lenient?: boolean;
  /** Wants `results`: what became of each event, in the order of the request. Default true, of a text false. */
  results?: boolean;
}

const RECEIPT_WAIT_SECONDS = 10;

/** Publishes events to Tidemark. Holds no connection of its own and need not be closed. */
export class TidemarkClient {
  readonly #url: URL;
  readonly #headers: Headers;
  readonly #patience: Patience;

  /** @throws {TypeError} when the address is none of http or https */
  constructor({ url, apiKey, deadlineMs = 120_000, ...options }: ClientOptions) {
    const { requestTimeoutMs = deadlineMs / 4, firstDelayMs = 100, longestDelayMs = 10_000 } = options;
    this.#url = readUrl(url);
    this.#headers = new Headers(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` });
    this.#patience = { deadlineMs, requestTimeoutMs, firstDelayMs, longestDelayMs };
  }

  /**
   * Publishes one event or a batch in one request, and resolves once the service has taken it: judged, or pending with a
   * receipt. Events without an id get one before the first attempt, so that every attempt carries the same.
   *
   * @throws {PublishError} with what became of the events, and the events with their ids
   * @throws {TypeError} when an event cannot be written as JSON
   */
  async publish(events: NewEvent | readonly NewEvent[], options: PublishOptions = {}): Promise<Publication> {
    const identified = [events].flat().map(identify);
    return this.#send(
      JSON.stringify(Array.isArray(events) ? identified : identified[0]),
      { results: true, ...options },
      identified,
    );
  }

  /**
   * Publishes JSON as it stands: one event, an array, or `{"events": [...]}`. Each event has to have its id.
   *
   * @throws {PublishError} with what became of it
   */
  publishText(body: string, options: PublishOptions = {}): Promise<Publication> {
    return this.#send(body, options, []);
  }

  /**
   * Asks the receipt of a publication until it is judged, or until the deadline; `pending` is 0 in what it resolves to.
   *
   * @throws {PublishError} when it was not judged in time. The events are safe nevertheless: they need not be sent again
   */
  async followReceipt(receipt: URL, interruption: Interruption = {}): Promise<PublishAnswer> {
    const headers = new Headers(this.#headers);
    headers.set("prefer", `wait=${RECEIPT_WAIT_SECONDS}`);
    const read = (body: unknown) => {
      const answer = readPublishAnswer(body);
      return answer?.pending === 0 ? answer : undefined;
    };
    const isEnough = ({ body }: { body: unknown }) => read(body) !== undefined;
    const options = { url: receipt, request: { headers }, patience: this.#patience, interruption, isEnough };
    const delivery = await deliver(options);
    const judged = isAnswer(delivery.answer) && delivery.meaning === "judged" ? read(delivery.answer.body) : undefined;
    if (judged !== undefined) return judged;
    const { attempts } = delivery;
    throw new PublishError({ outcome: "unknown", reason: "the receipt was not judged in time", attempts });
  }

  /** Gathers events into requests of this client. */
  batcher(options: BatcherOptions = {}): Batcher {
    return new Batcher(this, options);
  }

  async #send(body: string, options: PublishOptions, events: readonly IdentifiedEvent[]): Promise<Publication> {
    const { lenient = false, results = false, ...interruption } = options;
    const headers = new Headers(this.#headers);
    headers.set("content-type", "application/json");
    if (lenient) headers.append("prefer", "handling=lenient");
    if (results) headers.append("prefer", "return=representation");
    const request = { method: "POST", headers, body };
    const delivery = await deliver({ url: this.#url, request, patience: this.#patience, interruption });
    const { answer, meaning } = delivery;
    if (isAnswer(answer) && meaning === "judged") return readPublication(answer, delivery, this.#url, events);
    const cause = interruption.signal?.aborted ? interruption.signal.reason : undefined;
    throw createPublishError(delivery, { events, cause });
  }
}

function readUrl(text: string | URL): URL {
  const url = new URL(text);
  if (!/^https?:$/.test(url.protocol)) throw new TypeError(`not an address of http or https: ${url.href}`);
  return url.pathname === "/" ? new URL("publish", url) : url;
}
