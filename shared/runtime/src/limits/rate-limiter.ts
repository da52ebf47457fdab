import { LimitExceeded } from "@tidemark/domain/errors";
import { LRUCache } from "lru-cache";
import type { Client } from "../access/client.ts";
import { type BucketRate, TokenBucket } from "./token-bucket.ts";

/** The events and the bytes that a client may publish in a second; 0: no limit. */
export interface Rates {
  eventsPerSecond: number;
  bytesPerSecond: number;
}

export interface RateLimiterOptions extends Rates {
  /** The current time in milliseconds, which never goes back. */
  nowMs?: () => number;
}

/** The limits of one request. */
export interface RequestLimits {
  /**
   * Refuses a request before its body is read, which costs almost nothing. @throws {LimitExceeded} if a request of this
   * number of bytes, or of a single event, would be refused now
   */
  checkAhead(bytes: number): void;
  /** @throws {LimitExceeded} without taking anything */
  takeBytes(bytes: number): void;
  /** @throws {LimitExceeded} without taking anything */
  takeEvents(events: number): void;
}

/** The headers of an answer. */
export interface AnswerHeaders {
  header(name: string, value: string): unknown;
}

/**
 * The size of the bucket in seconds: a client that has sent nothing for this time may send the amount of this time at
 * once.
 */
const BURST_SECONDS = 10;
// A client takes some 200 bytes of memory. A new client replaces the one that was seen least recently, and starts with
// a full bucket.
const MAX_CLIENTS = 50_000;

/**
 * The units of draft-ietf-httpapi-ratelimit-headers-10. The draft has no unit for events, and its default would be
 * requests.
 */
const UNITS = { events: "events", bytes: "content-bytes" };
type Resource = keyof typeof UNITS;
const RESOURCES: Resource[] = ["events", "bytes"];

const UNLIMITED: RequestLimits = { checkAhead: () => {}, takeBytes: () => {}, takeEvents: () => {} };

type Buckets = Record<Resource, TokenBucket>;
type BucketRates = Partial<Record<Resource, BucketRate>>;

/** Limits the events and the bytes that each client publishes in a second. */
export class RateLimiter {
  readonly #defaults: Record<Resource, number>;
  readonly #nowMs: () => number;
  readonly #clients = new LRUCache<string, Buckets>({ max: MAX_CLIENTS });

  constructor({ eventsPerSecond, bytesPerSecond, nowMs = () => performance.now() }: RateLimiterOptions) {
    this.#defaults = { events: eventsPerSecond, bytes: bytesPerSecond };
    this.#nowMs = nowMs;
  }

  /** Returns the limits of a request, and writes them into the headers of its answer. */
  enter({ id, limits }: Pick<Client, "id" | "limits">, answer: AnswerHeaders): RequestLimits {
    const rates: BucketRates = {};
    setRate(rates, "events", limits?.eventsPerSecond ?? this.#defaults.events);
    setRate(rates, "bytes", limits?.bytesPerSecond ?? this.#defaults.bytes);
    if (rates.events === undefined && rates.bytes === undefined) return UNLIMITED;
    return new LimitedRequest({ rates, buckets: this.#bucketsOf(id), nowMs: this.#nowMs, answer });
  }

  #bucketsOf(id: string): Buckets {
    const known = this.#clients.get(id);
    if (known !== undefined) return known;
    const buckets = { events: new TokenBucket(), bytes: new TokenBucket() };
    this.#clients.set(id, buckets);
    return buckets;
  }
}

function setRate(rates: BucketRates, resource: Resource, perSecond: number): void {
  if (perSecond > 0) rates[resource] = { perSecond, burst: perSecond * BURST_SECONDS };
}

interface LimitedRequestOptions {
  rates: BucketRates;
  buckets: Buckets;
  nowMs: () => number;
  answer: AnswerHeaders;
}

class LimitedRequest implements RequestLimits {
  readonly #rates: BucketRates;
  readonly #buckets: Buckets;
  readonly #nowMs: () => number;
  readonly #answer: AnswerHeaders;

  constructor({ rates, buckets, nowMs, answer }: LimitedRequestOptions) {
    this.#rates = rates;
    this.#buckets = buckets;
    this.#nowMs = nowMs;
    this.#answer = answer;
    answer.header("ratelimit-policy", policiesOf(rates));
    this.#announce();
  }

  checkAhead(bytes: number): void {
    this.#check("events", 1);
    this.#check("bytes", bytes);
  }

  takeBytes(bytes: number): void {
    this.#take("bytes", bytes);
  }

  takeEvents(events: number): void {
    this.#take("events", events);
  }

  #take(resource: Resource, amount: number): void {
    const rate = this.#rates[resource];
    if (rate === undefined) return;
    this.#check(resource, amount);
    this.#buckets[resource].take(amount, this.#nowMs(), rate);
    this.#announce();
  }

  #check(resource: Resource, amount: number): void {
    const rate = this.#rates[resource];
    if (rate === undefined) return;
    const waitMs = this.#buckets[resource].waitMs(amount, this.#nowMs(), rate);
    if (waitMs <= 0) return;
    const detail = `over the limit of ${rate.perSecond} ${resource} a second; nothing of the request was taken`;
    throw new LimitExceeded({ code: "rate_limited", detail, retryAfterSeconds: waitMs / 1_000 });
  }

  /** Describes the amount that is left, and the seconds until the bucket is full. */
  #announce(): void {
    const nowMs = this.#nowMs();
    const items = RESOURCES.flatMap((resource) => {
      const rate = this.#rates[resource];
      if (rate === undefined) return [];
      const bucket = this.#buckets[resource];
      const left = Math.max(0, Math.floor(bucket.available(nowMs, rate)));
      return [`"${resource}";r=${left};t=${Math.ceil(bucket.waitUntilFullMs(nowMs) / 1_000)}`];
    });
    this.#answer.header("ratelimit", items.join(", "));
  }
}

function policiesOf(rates: BucketRates): string {
  return RESOURCES.flatMap((resource) => {
    const burst = rates[resource]?.burst;
    if (burst === undefined) return [];
    const quota = Math.max(1, Math.floor(burst)); // whole numbers only
    return [`"${resource}";q=${quota};qu="${UNITS[resource]}";w=${BURST_SECONDS}`];
  }).join(", ");
}
