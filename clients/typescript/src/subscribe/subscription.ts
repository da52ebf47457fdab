import type { RetryPolicy } from "../deliver.ts";
import { deliver } from "../deliver.ts";
import { type Answer, isAnswer } from "../http-attempt.ts";
import { pause } from "../retry.ts";
import { createSubscribeError, SubscribeError } from "./subscribe-error.ts";

/** An event as the service shows it. */
export interface StoredEvent {
  topic: string;
  event_id: string;
  timestamp: string;
  /** `null` once the event has been erased. */
  source: string | null;
  /** `null` after its retention, and once the event has been erased. */
  payload: Record<string, unknown> | null;
  attributes?: Record<string, unknown>;
  processed_at: string;
  payload_expired_at?: string;
  erased_at?: string;
}

/** The events that one page has. */
export interface Batch {
  events: StoredEvent[];
  /** Acknowledges the batch. A worker that stores it in the transaction of its work processes each event exactly once. */
  cursor: string;
}

export interface SubscribeOptions {
  /** Selects the events of this topic. Without `topic` and `topicPrefix`: all topics. */
  topic?: string;
  /** Selects the events of the topics that begin with this text. */
  topicPrefix?: string;
  /** The start of a new subscription. An existing one continues at its position. Default: the beginning. */
  from?: "beginning" | "now" | Date;
  /** The largest number of events in a batch, 1 to 1,000. Default 100. */
  limit?: number;
  /** The cursor of the last batch that the caller has kept with its own work. It is acknowledged before the first read. */
  cursor?: string | undefined;
  /** The seconds for which a read waits for an event, at most 60. Default 30. */
  waitSeconds?: number;
  /** Ends the subscription. What was not acknowledged comes again. */
  signal?: AbortSignal | undefined;
}

export interface Connection {
  /** The address below which the routes of the service are. */
  base: URL;
  headers: Headers;
  retryPolicy: RetryPolicy;
}

const RETRY_AFTER_MS = 1_000;
const TIME_FOR_ANSWER_MS = 10_000;

/**
 * Follows a durable subscription. Each batch is acknowledged after the body of the loop, so a worker that is killed gets the
 * batch again. Failures of the service are retried for as long as they last; only refusals are thrown.
 *
 * The loop is in one of these states: starting -> reading -> in the body -> acknowledging -> reading.
 *
 * @throws {SubscribeError} if the service refuses a request, and with `subscription_moved` if another worker was first
 */
export class Subscription implements AsyncIterable<StoredEvent> {
  readonly #connection: Connection;
  readonly #path: string;
  readonly #options: SubscribeOptions;

  constructor(connection: Connection, name: string, options: SubscribeOptions) {
    // A URL resolves these two as steps of its path, also in the spelling %2E.
    if (name === "." || name === "..") throw new RangeError(`a subscription must not be named ${name}`);
    this.#connection = connection;
    this.#path = `subscriptions/${encodeURIComponent(name)}`;
    this.#options = options;
  }

  /** Generates the events. Those of a batch are acknowledged together, after the body of the last one. */
  async *[Symbol.asyncIterator](): AsyncGenerator<StoredEvent, void, undefined> {
    for await (const { events } of this.batches()) yield* events;
  }

  /** Generates batches of events, none of them empty. */
  async *batches(): AsyncGenerator<Batch, void, undefined> {
    const { cursor, signal } = this.#options;
    await this.#start();
    if (cursor !== undefined) await this.#acknowledge(cursor);
    while (!signal?.aborted) {
      const batch = await this.#read();
      if (batch === undefined) return;
      if (batch.events.length > 0) yield batch;
      await this.#acknowledge(batch.cursor, { isEmpty: batch.events.length === 0 });
    }
  }

  async #start(): Promise<void> {
    const { topic, topicPrefix, from = "beginning" } = this.#options;
    const body = { topic, topic_prefix: topicPrefix, from: from instanceof Date ? from.toISOString() : from };
    await this.#ask("start the subscription", { method: "PUT", path: this.#path, body });
  }

  async #read(): Promise<Batch | undefined> {
    const { limit = 100, waitSeconds = 30, signal } = this.#options;
    const path = `${this.#path}/events?limit=${limit}`;
    const answer = await this.#ask("read events", { method: "GET", path, waitSeconds });
    if (answer === undefined) return undefined;
    const { events, cursor } = (answer.body ?? {}) as Partial<Batch>;
    if (!Array.isArray(events) || typeof cursor !== "string")
      throw new SubscribeError("the answer is not a page of events");
    // Without a place to wait, the service answers at once.
    const hasWaited = events.length > 0 || answer.headers.has("preference-applied");
    if (!hasWaited) await pause(RETRY_AFTER_MS, signal);
    return { events, cursor };
  }

  async #acknowledge(cursor: string, { isEmpty = false } = {}): Promise<void> {
    const request = { method: "POST", path: `${this.#path}/ack`, body: { cursor } };
    // Of a page without events nothing was worked on, so it does not matter who has passed it.
    await this.#ask("acknowledge", request, { isAccepted: (status) => isEmpty && status === 409 });
  }

  /** Asks until there is an answer that is none of a failure. Undefined if the signal has ended the subscription. */
  async #ask(
    what: string,
    { method, path, body, waitSeconds = 0 }: { method: string; path: string; body?: object; waitSeconds?: number },
    { isAccepted = (_status: number): boolean => false } = {},
  ): Promise<Answer | undefined> {
    const { base, headers: own, retryPolicy } = this.#connection;
    const { signal } = this.#options;
    const headers = new Headers(own);
    if (body !== undefined) headers.set("content-type", "application/json");
    if (waitSeconds > 0) headers.set("prefer", `wait=${waitSeconds}`);
    const request = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
    const requestTimeoutMs = Math.max(retryPolicy.requestTimeoutMs, waitSeconds * 1_000 + TIME_FOR_ANSWER_MS);
    const patient = { ...retryPolicy, requestTimeoutMs, deadlineMs: Number.POSITIVE_INFINITY };
    const delivery = await deliver({
      url: new URL(path, base),
      request,
      retryPolicy: patient,
      interruption: { signal },
    });
    const { answer, meaning } = delivery;
    if (isAnswer(answer) && (meaning === "success" || isAccepted(answer.status))) return answer;
    if (signal?.aborted) return undefined;
    throw createSubscribeError(what, delivery);
  }
}
