import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { finished } from "node:stream/promises";

const DROP_BODY_MS = 1_000;
const DROP_BODY_BYTES = 8 * 1024 * 1024; // as long as the largest accepted body
const READ_ANSWER_MS = 1_000;

/**
 * Reads and drops the rest of a refused body, because the connection cannot serve another request before that. The time
 * and the size are bounded. Beyond the bounds it stops reading, and the request stays incomplete.
 */
export async function dropBody(request: IncomingMessage): Promise<void> {
  const enough = new AbortController();
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > DROP_BODY_BYTES) enough.abort();
  });
  const signal = AbortSignal.any([enough.signal, AbortSignal.timeout(DROP_BODY_MS)]);
  await finished(request, { signal, cleanup: true }).catch(() => undefined);
  request.pause();
}

/**
 * Creates the answer to a client that is still sending its body. It sends the whole answer at once, but ends it only
 * when the client has left, or after a second. The end closes the connection, and a client whose connection is closed
 * while it sends may never read the answer (RFC 9112, section 9.6).
 */
export function answerWhileSending(text: string, request: IncomingMessage): Readable {
  return Readable.from(
    (async function* () {
      yield text;
      await finished(request, { signal: AbortSignal.timeout(READ_ANSWER_MS), cleanup: true }).catch(() => undefined);
    })(),
  );
}
