import type { Signals } from "@tidemark/event-log/signals";
import type { EventPage, EventReader } from "@tidemark/event-store/event-store";
import type { TopicReach } from "@tidemark/runtime/access/topic-reach";
import type { Logger } from "@tidemark/telemetry/logger";
import { eventsScope } from "../events/event-filters.ts";
import { eventText } from "../events/event-text.ts";
import { onOneLine } from "../events/one-line.ts";
import type { Cursors } from "../paging/cursor.ts";
import type { ReadBudget } from "../paging/read-budget.ts";
import { StreamPoller } from "./stream-poller.ts";

export interface PollersOptions {
  reader: Pick<EventReader, "listEvents">;
  signals: Pick<Signals, "onCommit">;
  cursors: Cursors;
  budget: ReadBudget;
  logger: Pick<Logger, "warn">;
}

/** The pollers of one process: one for each topic, or set of prefixes, that is followed at the moment. */
export interface Pollers {
  /** Returns the poller of these topics until the follower stops. If there is none, one is started at the tip. */
  enter(reach: TopicReach, tip: string, stop: AbortSignal): StreamPoller;
}

export function createPollers({ reader, signals, cursors, budget, logger }: PollersOptions): Pollers {
  const pollers = new Map<string, { poller: StreamPoller; followers: number }>();
  const wakeAll = () => {
    for (const { poller } of pollers.values()) poller.wake();
  };
  let stopListening = () => {};

  return {
    enter(reach, tip, stop) {
      const toId = streamIds(cursors, reach.topic);
      const toText = (page: EventPage) => page.events.map((event) => eventBlock(event, toId)).join("");
      const create = () => new StreamPoller({ reader, budget, reach, start: tip, toText, logger });
      const key = JSON.stringify([reach.topic, reach.topicPrefixes]);
      const entry = pollers.get(key) ?? { poller: create(), followers: 0 };
      if (pollers.size === 0) stopListening = signals.onCommit(wakeAll);
      pollers.set(key, entry);
      entry.followers++;
      const leave = () => {
        entry.followers--;
        if (entry.followers > 0) return;
        entry.poller.stop();
        pollers.delete(key);
        if (pollers.size === 0) stopListening();
      };
      if (stop.aborted) leave();
      else stop.addEventListener("abort", leave, { once: true });
      return entry.poller;
    },
  };
}

function eventBlock(event: EventPage["events"][number], toId: StreamIds): string {
  return `id: ${toId(event.position)}\ndata: ${onOneLine(eventText(event))}\n\n`;
}

/** Returns the id of the events behind which a position is: a cursor, as pages and exports have them. */
export type StreamIds = (position: string) => string;

export function streamIds(cursors: Cursors, topic: string | undefined): StreamIds {
  const scope = eventsScope("asc", { topic });
  return (position) => cursors.encode(position, scope);
}
