/**
 * The events of a run. An event is a function of its number, the run's seed, and where the producers' clock stood when
 * it was first sent, so that nothing has to be kept to know what was sent.
 */
export interface SentEvent {
  topic: string;
  eventId: string;
  /** As Tidemark returns it: UTC, six digits of the second. */
  timestamp: string;
  source: string;
  /** JSON text. */
  payload: string;
  /** A further field of the producer's; some events have it. */
  trace?: string;
}

export const TOPICS = ["user.login", "order.created", "sensor/φ *", "a topic > another", "🌊", "audit"];
const FIRST_AT_MS = Date.UTC(2025, 0, 1);
const APART_MS = 7;

/** Event `number`; those of different topics share their ids, for identity is the pair. */
export function createEvent(seed: number, number: number, clockMs: number): SentEvent {
  const topic = TOPICS[number % TOPICS.length] as string;
  const instant = new Date(FIRST_AT_MS + number * APART_MS + clockMs).toISOString();
  return {
    topic,
    eventId: `${seed}-${Math.floor(number / TOPICS.length)}`,
    timestamp: instant.replace("Z", `${String(number % 1_000).padStart(3, "0")}Z`),
    source: sourceOf(number),
    // Numbers no double holds, characters of every length in UTF-8, names that are special elsewhere.
    payload: `{"n":${number},"exact":12345678901234567890.${number}1,"small":1e-${(number % 300) + 1},"text":"é\\n水🌊","__proto__":{"list":[null,true,[${number}]]}}`,
    ...(number % 7 === 0 ? { trace: `trace-${number}` } : {}),
  };
}

export function sourceOf(number: number): string {
  return `producer-${number % 4}`;
}

/** What somebody else, or a careless producer, sends under the key of an event. */
export const ALTERED = { source: "impostor", payload: '{"altered":1.0}' };

export function alterEvent(event: SentEvent): SentEvent {
  return { ...event, ...ALTERED };
}

/** The number of the event with this key; undefined when no event of the run has it. */
export function numberOf(seed: number, topic: string, eventId: string): number | undefined {
  const [, ofSeed, quotient] = /^(-?\d+)-(0|[1-9]\d*)$/.exec(eventId) ?? [];
  const index = TOPICS.indexOf(topic);
  if (quotient === undefined || ofSeed !== String(seed) || index < 0) return undefined;
  return Number(quotient) * TOPICS.length + index;
}

/** The JSON text as a producer sends it. */
export function writeEvent({ topic, eventId, timestamp, source, payload, trace }: SentEvent): string {
  const more = trace === undefined ? "" : `,"trace":${JSON.stringify(trace)}`;
  const head = JSON.stringify({ topic, event_id: eventId, timestamp, source }).slice(0, -1);
  return `${head},"payload":${payload}${more}}`;
}
