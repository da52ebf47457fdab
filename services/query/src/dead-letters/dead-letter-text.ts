import type { DeadLetter } from "@tidemark/event-store/dead-letters";

/** Returns the JSON text of a dead letter, with its event as the text that was received. */
export function deadLetterText(letter: DeadLetter): string {
  const head = JSON.stringify({
    id: letter.id,
    topic: letter.topic,
    events: letter.events,
    code: letter.code,
    reason: letter.reason,
    attempts: letter.attempts,
    dead_at: letter.deadAt,
  });
  return `${head.slice(0, -1)},"event":${jsonTextOf(letter.content)}}`;
}

/**
 * Returns an object or an array as it is, and anything else as a string, because base64 can look like a number or
 * `true`.
 */
function jsonTextOf(content: string): string {
  return /^\s*[{[]/.test(content) && isJson(content) ? content : JSON.stringify(content);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
