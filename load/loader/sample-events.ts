import { createRandom } from "../../tools/seeded-random.ts";

/**
 * Events of equal length, so that a body is made once and each request only writes its numbers into it: about 0.1 µs an
 * event, where making the text anew takes 2 µs that the loader would take from the service on the same cores.
 */
const TEMPLATE = JSON.stringify({
  topic: "load.topic-#",
  event_id: "########-RUN_ID-############",
  timestamp: "2025-10-23T10:00:00.123Z",
  source: "service-#",
  payload: { user_id: "############", amount: "1.############", tags: ["new", "eu"], note: "x".repeat(60) },
}).replace('"1.############"', "1.############"); // a JSON number

const RUN_ID_LENGTH = 6;
const NUMBER_DIGITS = 12;
const ZERO = "0".charCodeAt(0);
const HEX = Buffer.from("0123456789abcdef");
const TOPICS = 5;
const SOURCES = 10;

/** Where the template's holes are, in the order of the fields above. */
const HOLES = [...TEMPLATE.matchAll(/#+/g)].map(({ index }) => index);
const [TOPIC_AT, SCATTER_AT, NUMBER_AT, SOURCE_AT, USER_AT, AMOUNT_AT] = HOLES as [
  number,
  number,
  number,
  number,
  number,
  number,
];

/** Bytes of one event. */
export const EVENT_BYTES = Buffer.byteLength(TEMPLATE);

/** The text of `count` events, as a request's body: one object, or an array of several. Numbers are yet to be written. */
export function makeBody(runId: string, count: number): Buffer {
  if (runId.length !== RUN_ID_LENGTH) throw new Error(`a run's id has ${RUN_ID_LENGTH} characters, not "${runId}"`);
  const event = TEMPLATE.replace("RUN_ID", runId).replaceAll("#", "0");
  return Buffer.from(count === 1 ? event : `[${Array.from({ length: count }, () => event).join(",")}]`);
}

/** Where the event of that index begins in a body of `count` events. */
export function eventOffset(index: number, count: number): number {
  return count === 1 ? 0 : 1 + index * (EVENT_BYTES + 1);
}

/** Makes the event at that offset the one of this number: equal numbers are equal events. */
export function writeEvent(body: Buffer, offset: number, number: number): void {
  body[offset + TOPIC_AT] = ZERO + (number % TOPICS);
  body[offset + SOURCE_AT] = ZERO + (number % SOURCES);
  // Keys come in no order, as UUIDs do: a rising key would be the easiest case of any index.
  let scattered = Math.imul(number, 2_654_435_761);
  for (let digit = 0; digit < 8; digit++) {
    body[offset + SCATTER_AT + digit] = HEX[scattered & 15] as number;
    scattered >>>= 4;
  }
  let rest = number;
  for (let digit = NUMBER_DIGITS - 1; digit >= 0; digit--) {
    const left = Math.floor(rest / 10);
    const code = ZERO + rest - left * 10;
    body[offset + NUMBER_AT + digit] = code;
    body[offset + USER_AT + digit] = code;
    body[offset + AMOUNT_AT + digit] = code;
    rest = left;
  }
}

export interface NumbersOptions {
  duplicateRate: number;
  /** How many of the run's events were sent before: copies repeat those too. */
  made?: number;
  seed?: number;
}

/** Draws the numbers of a run's events: a new one, or at `duplicateRate` any earlier one again. */
export class EventNumbers {
  made: number;
  readonly #duplicateRate: number;
  readonly #random: () => number;

  constructor({ duplicateRate, made = 0, seed = 1 }: NumbersOptions) {
    this.made = made;
    this.#duplicateRate = duplicateRate;
    this.#random = createRandom(seed);
  }

  next(): number {
    if (this.made > 0 && this.#random() < this.#duplicateRate) return Math.floor(this.#random() * this.made);
    return this.made++;
  }
}
