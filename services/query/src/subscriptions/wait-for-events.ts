import type { EventReader } from "@tidemark/event-store/event-store";
import type { Client } from "@tidemark/runtime/access/client";
import type { TopicReach } from "@tidemark/runtime/access/topic-reach";
import type { Pollers } from "../stream/pollers.ts";

export interface WaitOptions {
  reach: TopicReach;
  after: string;
  waitMs: number;
  client: Client;
  /** Given when the client leaves or the service stops. */
  signal: AbortSignal;
}

/**
 * Waits until an event of these topics is behind a position, or the time is over. Returns the position behind which to read:
 * between both are events of other topics only. Shares its reads with every stream and subscription to the same topics.
 */
export async function waitForEvents(
  { reader, pollers }: { reader: Pick<EventReader, "listEvents" | "readTip">; pollers: Pollers },
  { reach, after, waitMs, client, signal }: WaitOptions,
): Promise<string> {
  const deadlineMs = performance.now() + waitMs;
  const { events, next = after } = await reader.listEvents({ order: "asc", limit: 1, ...reach, after });
  if (events.length > 0) return after;
  const leaving = new AbortController();
  try {
    const stop = AbortSignal.any([signal, leaving.signal]);
    const poller = pollers.enter(reach, await reader.readTip(), stop);
    let position = next;
    while (!stop.aborted && client.isCurrent()) {
      const page = await poller.pageAfter(position, deadlineMs - performance.now(), { clientId: client.id, signal });
      if (page === undefined) break;
      const hasEvents = page.bytes.length > 0;
      page.release();
      if (hasEvents) break;
      position = page.to;
    }
    return position;
  } finally {
    leaving.abort();
  }
}
