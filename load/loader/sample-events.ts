import { createRandom } from "../../tools/seeded-random.ts";

/**
 * Events of equal length. A body is made once, and each request only writes its numbers into it, which takes about 0.1
 * µs an event. Making the text each time would take 2 µs of the cores that the service uses as well.
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

/** The offsets of the placeholders, in the order of the fields above. */
const HOLES = [...TEMPLATE.matchAll(/#+/g)].map(({ index }) => index);
const [TOPIC_AT, SCATTER_AT, NUMBER_AT, SOURCE_AT, USER_AT, AMOUNT_AT] = HOLES as [
  number,
  number,
  number,
  number,
  number,
  number,
];

/** The number of bytes of one event. */
export const EVENT_BYTES = Buffer.byteLength(TEMPLATE);

/** Creates the body of a request with `count` events without numbers: one object, or an array of several. */
export function makeBody(runId: string, count: number): Buffer {
  if (runId.length !== RUN_ID_LENGTH) throw new Error(`a run's id has ${RUN_ID_LENGTH} characters, not "${runId}"`);
  const event = TEMPLATE.replace("RUN_ID", runId).replaceAll("#", "0");
  return Buffer.from(count === 1 ? event : `[${Array.from({ length: count }, () => event).join(",")}]`);
}

/** Returns the offset of the event of that index in a body of `count` events. */
export function eventOffset(index: number, count: number): number {
  return count === 1 ? 0 : 1 + index * (EVENT_BYTES + 1);
}

/** Writes the number of the event at that offset. Equal numbers make equal events. */
export function writeEvent(body: Buffer, offset: number, number: number): void {
  body[offset + TOPIC_AT] = ZERO + (number % TOPICS);
  body[offset + SOURCE_AT] = ZERO + (number % SOURCES);
  // Keys are in random order, like UUIDs, because ascending keys are the easiest case of an index.
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
  /** The number of events that the run has sent before, which duplicates repeat as well. */
  made?: number;
  seed?: number;
}

/** Draws the number of each event of a run: a new number, or at the rate `duplicateRate` any earlier one. */
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
