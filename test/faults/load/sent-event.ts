/**
 * An event of a run. It is a function of its number, the seed of the run, and the producers' clock when
 * it was first sent, so the content of sent events need not be kept.
 */
export interface SentEvent {
  topic: string;
  eventId: string;
  /** The timestamp as Tidemark returns it: UTC, six digits of the second. */
  timestamp: string;
  source: string;
  /** JSON text. */
  payload: string;
  /** An additional field, which some events have. */
  trace?: string;
}

export const TOPICS = ["user.login", "order.created", "sensor/φ *", "a topic > another", "🌊", "audit"];
const FIRST_AT_MS = Date.UTC(2025, 0, 1);
const APART_MS = 7;

/** The property that makes an event a fault. */
export type Burden = "slow" | { payloadBytes: number };

/** The source of the events for which the database is made to take too long. */
export const SLOW_SOURCE = "dawdler";

/** Creates event `number`. Events of different topics share ids, because topic and id together are the identity. */
export function createEvent(seed: number, number: number, clockMs: number, burden?: Burden): SentEvent {
  const topic = TOPICS[number % TOPICS.length] as string;
  const instant = new Date(FIRST_AT_MS + number * APART_MS + clockMs).toISOString();
  return {
    topic,
    eventId: `${seed}-${Math.floor(number / TOPICS.length)}`,
    timestamp: instant.replace("Z", `${String(number % 1_000).padStart(3, "0")}Z`),
    source: burden === "slow" ? SLOW_SOURCE : sourceOf(number),
    // Numbers that no double holds, characters of every length in UTF-8, names with a special meaning in JavaScript.
    payload: `{"n":${number},"exact":12345678901234567890.${number}1,"small":1e-${(number % 300) + 1},"text":"é\\n水🌊","__proto__":{"list":[null,true,[${number}]]}}`,
    ...(number % 7 === 0 ? { trace: `trace-${number}` } : {}),
    ...(typeof burden === "object" ? { payload: largePayload(number, burden.payloadBytes) } : {}),
  };
}

/** Many small values, because those cost the most to compare. */
function largePayload(number: number, bytes: number): string {
  return `{"n":${number},"list":[${"[],".repeat(bytes / 3)}[]]}`;
}

export function sourceOf(number: number): string {
  return `producer-${number % 4}`;
}

/** The content of a conflicting event with the key of another event. */
export const ALTERED = { source: "impostor", payload: '{"altered":1.0}' };

export function alterEvent(event: SentEvent): SentEvent {
  return { ...event, ...ALTERED };
}

/** Returns the number of the event with this key; undefined if the run has no such event. */
export function numberOf(seed: number, topic: string, eventId: string): number | undefined {
  const [, ofSeed, quotient] = /^(-?\d+)-(0|[1-9]\d*)$/.exec(eventId) ?? [];
  const index = TOPICS.indexOf(topic);
  if (quotient === undefined || ofSeed !== String(seed) || index < 0) return undefined;
  return Number(quotient) * TOPICS.length + index;
}

/** Returns the JSON text as a producer sends it. */
export function writeEvent({ topic, eventId, timestamp, source, payload, trace }: SentEvent): string {
  const more = trace === undefined ? "" : `,"trace":${JSON.stringify(trace)}`;
  const head = JSON.stringify({ topic, event_id: eventId, timestamp, source }).slice(0, -1);
  return `${head},"payload":${payload}${more}}`;
}
