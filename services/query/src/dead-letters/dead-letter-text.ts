import type { DeadLetter } from "@tidemark/event-store/dead-letters";

/** A dead letter as it is answered, its event as the text it came in. */
export function deadLetterText(letter: DeadLetter): string {
  const head = JSON.stringify({
    id: letter.id,
    ...(letter.topic === undefined ? {} : { topic: letter.topic }),
    events: letter.events,
    code: letter.code,
    reason: letter.reason,
    attempts: letter.attempts,
    dead_at: letter.deadAt,
  });
  return `${head.slice(0, -1)},"event":${jsonTextOf(letter.content)}}`;
}

/** Only an object or an array goes out as it is: base64 can look like a number, or be `true`. */
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
