/**
 * The topics that begin with a prefix, as a range in the order of their bytes. Both stores sort topics in this order.
 */
export interface TopicRange {
  /** Inclusive. */
  from: string;
  /** Exclusive. */
  before: string;
}

const LAST_CODE_POINT = 0x10ffff;
const FIRST_SURROGATE = 0xd800;
const AFTER_SURROGATES = 0xe000;
// This text sorts behind every topic, because a topic has at most 255 characters.
const AFTER_ALL = String.fromCodePoint(LAST_CODE_POINT).repeat(256);

/** Returns the range of a prefix: `orders.` is from `orders.` to before `orders/`. UTF-8 orders texts by code points. */
export function topicRange(prefix: string): TopicRange {
  const points = [...prefix].map((character) => character.codePointAt(0) as number);
  while (points.at(-1) === LAST_CODE_POINT) points.pop();
  const last = points.pop();
  if (last === undefined) return { from: prefix, before: AFTER_ALL };
  const next = last + 1 === FIRST_SURROGATE ? AFTER_SURROGATES : last + 1;
  return { from: prefix, before: String.fromCodePoint(...points, next) };
}
