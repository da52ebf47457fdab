import { readPublishAnswer } from "./answer.ts";
import { Batcher, type BatcherOptions } from "./batcher.ts";
import type { IdentifiedEvent, NewEvent, PublishAnswer } from "./contract.ts";
import { deliver, type Interruption, type RetryPolicy } from "./deliver.ts";
import { identify } from "./event-text.ts";
import { isAnswer } from "./http-attempt.ts";
import { type Publication, readPublication } from "./publication.ts";
import { createPublishError, createReceiptError, PublishError } from "./publish-error.ts";
import { type SubscribeOptions, Subscription } from "./subscribe/subscription.ts";

export type { Verdict } from "./batch-outcome.ts";
export type { Batcher, BatcherOptions } from "./batcher.ts";
export type { Fault, IdentifiedEvent, NewEvent, Problem, PublishAnswer, Rejection, Result } from "./contract.ts";
export type { Publication } from "./publication.ts";
export type { FailedOutcome } from "./publish-error.ts";
export { SubscribeError } from "./subscribe/subscribe-error.ts";
export type { Batch, StoredEvent, SubscribeOptions } from "./subscribe/subscription.ts";
export { PublishError, Subscription };

export interface ClientOptions {
  /** The URL of the service, `http://localhost:8080`, or of its publish route, `https://example.com/intake/publish`. */
  url: string | URL;
  /** The key, sent as `Authorization: Bearer` to the origin of the URL and to no other. */
  apiKey?: string | undefined;
  /** The time limit in milliseconds of all attempts of one publish and the pauses between them. Default 120,000. */
  deadlineMs?: number;
  /** The time limit in milliseconds of one attempt. Default: a quarter of the deadline, so that there is time for retries. */
  requestTimeoutMs?: number;
  /** The pause in milliseconds after the first failed attempt; it doubles, and half of it is random. Default 100. */
  firstDelayMs?: number;
  /** The longest pause in milliseconds, unless `Retry-After` is longer. Default 10,000. */
  longestDelayMs?: number;
}

export interface PublishOptions extends Interruption {
  /**
   * Whether valid events are stored if other events of the request are invalid. The invalid ones are listed in
   * `rejected`. Default: all or none.
   */
  lenient?: boolean;
  /** Whether the answer has `results`: the outcome of each event, in the order of the request. Default true, for a text false. */
  results?: boolean;
}

const RECEIPT_WAIT_SECONDS = 10;

/** Publishes events to Tidemark. A client holds no connection and need not be closed. */
export class TidemarkClient {
  readonly #url: URL;
  /** Receipts are below this address: the origin and the path prefix of the service. */
  readonly #base: URL;
  readonly #headers: Headers;
  readonly #retryPolicy: RetryPolicy;

  /** @throws {TypeError} if the URL is not an http or https URL, or a header cannot hold the key */
  constructor({ url, apiKey, deadlineMs = 120_000, ...options }: ClientOptions) {
    const { requestTimeoutMs = deadlineMs / 4, firstDelayMs = 100, longestDelayMs = 10_000 } = options;
    this.#url = readUrl(url);
    this.#base = new URL(".", this.#url);
    this.#headers = new Headers(apiKey === undefined ? {} : { authorization: `Bearer ${checkKey(apiKey)}` });
    this.#retryPolicy = { deadlineMs, requestTimeoutMs, firstDelayMs, longestDelayMs };
  }

  /**
   * Publishes one event or a batch in one request, and resolves once the service has accepted it: with verdicts, or with a
   * receipt. Events without an id get one before the first attempt, so that every attempt carries the same id.
   *
   * @throws {PublishError} with the outcome, and the events with their ids
   * @throws {TypeError} if an event cannot be written as JSON
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
   * Publishes a JSON text unchanged: one event, an array, or `{"events": [...]}`. Each event must have an id.
   *
   * @throws {PublishError} with the outcome
   */
  publishText(body: string, options: PublishOptions = {}): Promise<Publication> {
    return this.#send(body, options, []);
  }

  /**
   * Polls the receipt of a publication until no event is pending, or until the deadline. Resolves to the final counts.
   *
   * @throws {PublishError} if events are still pending at the deadline, or if the receipt cannot be read. The events
   * are durable and need not be sent again. A receipt at an address outside of this service gets no request, because it
   * would get the key
   */
  async followReceipt(receipt: URL, interruption: Interruption = {}): Promise<PublishAnswer> {
    if (!isBelow(receipt, this.#base)) {
      const reason = `the receipt is at ${receipt.origin}${receipt.pathname}, which is not below ${this.#base}`;
      throw new PublishError({ outcome: "unknown", reason });
    }
    const headers = new Headers(this.#headers);
    headers.set("prefer", `wait=${RECEIPT_WAIT_SECONDS}`);
    const read = (body: unknown) => {
      const answer = readPublishAnswer(body);
      return answer?.pending === 0 ? answer : undefined;
    };
    const isEnough = ({ body }: { body: unknown }) => read(body) !== undefined;
    const options = { url: receipt, request: { headers }, retryPolicy: this.#retryPolicy, interruption, isEnough };
    const delivery = await deliver(options);
    const final = isAnswer(delivery.answer) && delivery.meaning === "success" ? read(delivery.answer.body) : undefined;
    if (final !== undefined) return final;
    throw createReceiptError(delivery);
  }

  /** Creates a batcher, which gathers events into requests of this client. */
  batcher(options: BatcherOptions = {}): Batcher {
    return new Batcher(this, options);
  }

  /**
   * Follows a durable subscription: `for await (const event of client.subscribe("billing", { topic }))`. An event counts as
   * processed after the body of the loop. What a worker that is killed has not finished comes again, to the next one.
   */
  subscribe(name: string, options: SubscribeOptions = {}): Subscription {
    const connection = { base: this.#base, headers: this.#headers, retryPolicy: this.#retryPolicy };
    return new Subscription(connection, name, options);
  }

  async #send(body: string, options: PublishOptions, events: readonly IdentifiedEvent[]): Promise<Publication> {
    const { lenient = false, results = false, ...interruption } = options;
    const headers = new Headers(this.#headers);
    headers.set("content-type", "application/json");
    if (lenient) headers.append("prefer", "handling=lenient");
    if (results) headers.append("prefer", "return=representation");
    const request = { method: "POST", headers, body };
    const delivery = await deliver({ url: this.#url, request, retryPolicy: this.#retryPolicy, interruption });
    const { answer, meaning } = delivery;
    if (isAnswer(answer) && meaning === "success") return readPublication(answer, delivery, this.#url, events);
    const cause = interruption.signal?.aborted ? interruption.signal.reason : undefined;
    throw createPublishError(delivery, { events, cause });
  }
}

function readUrl(text: string | URL): URL {
  const url = new URL(text);
  if (!/^https?:$/.test(url.protocol)) throw new TypeError(`not an address of http or https: ${url.href}`);
  return url.pathname === "/" ? new URL("publish", url) : url;
}

/** Whether an address has the same origin as the base and is below its path. */
function isBelow(url: URL, base: URL): boolean {
  return url.origin === base.origin && url.pathname.startsWith(base.pathname);
}

// `Headers` would throw an error that quotes the value, and the key must not be logged.
function checkKey(apiKey: string): string {
  if (/^[\x21-\x7e]+$/.test(apiKey)) return apiKey;
  throw new TypeError("the API key is empty, or has a space or a character that is not ASCII");
}
