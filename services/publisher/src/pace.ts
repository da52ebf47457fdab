import { pause } from "@tidemark/client/retry";

/** Waits until the next events are due. Resolves to false if `stop` fires before. */
export type Pace = (events: number, stop: AbortSignal) => Promise<boolean>;

/**
 * Creates a pace of this number of events a second on average, from the first request on. Events that a slow service
 * delayed are sent as fast as the service takes it. Without a rate every event is due at once.
 */
export function createPace(eventsPerSecond: number | undefined, now: () => number = () => performance.now()): Pace {
  if (eventsPerSecond === undefined) return async () => true;
  let beganAt: number | undefined;
  let begun = 0;
  return async (events, stop) => {
    beganAt ??= now();
    const waitMs = beganAt + (begun * 1_000) / eventsPerSecond - now();
    begun += events;
    return waitMs <= 0 ? !stop.aborted : pause(waitMs, stop);
  };
}
