import { randomUUID } from "node:crypto";
import { nowMs } from "@tidemark/domain/clock";
import { Unavailable } from "@tidemark/domain/errors";
import { countEvents, type Frame } from "@tidemark/domain/frame";
import type { SequenceRange } from "@tidemark/domain/origin";
import type { Delivery, EventLog, LogSnapshot, TakeLimits } from "./event-log.ts";
import { WaitingLine } from "./waiting-line.ts";

export interface MemoryEventLogOptions {
  /** The number of events that the log may hold, those in flight included. */
  maxEvents: number;
  /** The same in bytes of `frame.events`. */
  maxBytes: number;
}

interface HeldFrame {
  sequence: number;
  frame: Frame;
  loggedAtMs: number;
  events: number;
  bytes: number;
}

/**
 * A log in the memory of one process. Its frames end with the process, so a request is answered only when its events are
 * in the store. A full log refuses frames at once. A frame larger than the whole log is accepted when the log is empty.
 *
 * The states of a frame:
 *
 *     waiting ──take──▶ in flight ──ack──▶ gone
 *        ▲                  │ retry
 *        └──after delay── delayed
 *
 * It counts towards the size of the log in all states but `gone`. A frame that is appended twice is delivered twice,
 * and the ledger of the store recognises its id.
 */
export function createMemoryEventLog({ maxEvents, maxBytes }: MemoryEventLogOptions): EventLog {
  const generation = randomUUID();
  /** All frames held, by ascending sequence: waiting, in flight or delayed. */
  const held = new Map<number, HeldFrame>();
  const waiting = new WaitingLine<HeldFrame>();
  const retries = new Set<NodeJS.Timeout>();
  let heldEvents = 0;
  let heldBytes = 0;
  let lastSequence = 0;

  function deliver(entry: HeldFrame): Delivery {
    let isAtHand = true;
    const decide = () => {
      const wasAtHand = isAtHand;
      isAtHand = false;
      return wasAtHand;
    };
    return {
      frame: entry.frame,
      loggedAtMs: entry.loggedAtMs,
      origin: { generation, sequence: entry.sequence },
      ack() {
        if (!decide()) return;
        held.delete(entry.sequence);
        heldEvents -= entry.events;
        heldBytes -= entry.bytes;
      },
      retry(delayMs) {
        if (!decide()) return;
        const timer = setTimeout(() => {
          retries.delete(timer);
          waiting.unshift(entry);
        }, delayMs);
        retries.add(timer);
      },
    };
  }

  return {
    maxFrameBytes: Number.MAX_SAFE_INTEGER,

    async append(frame) {
      const events = countEvents(frame);
      const bytes = frame.events.length;
      const isRoom = heldEvents + events <= maxEvents && heldBytes + bytes <= maxBytes;
      if (!isRoom && held.size > 0) {
        throw new Unavailable({ code: "queue_full", detail: `the queue is full: it holds ${heldEvents} events` });
      }
      const entry = { sequence: ++lastSequence, frame, loggedAtMs: nowMs(), events, bytes };
      held.set(entry.sequence, entry);
      heldEvents += events;
      heldBytes += bytes;
      waiting.push(entry);
      return { generation };
    },

    async take(limits: TakeLimits) {
      return (await waiting.take(limits)).map(deliver);
    },

    async snapshot(): Promise<LogSnapshot> {
      const [oldest] = held.values();
      return {
        generation,
        events: heldEvents,
        frames: held.size,
        lastSequence,
        held: runsOf(held.keys()),
        removed: lastSequence - held.size,
        bytes: heldBytes,
        maxBytes,
        ...(oldest ? { oldestAtMs: oldest.frame.receivedAtMs } : {}),
      };
    },

    async ping() {},

    async close() {
      for (const timer of retries) clearTimeout(timer);
      waiting.close();
      waiting.clear();
    },
  };
}

function runsOf(sequences: Iterable<number>): SequenceRange[] {
  const runs: SequenceRange[] = [];
  for (const sequence of sequences) {
    const run = runs.at(-1);
    if (run?.last === sequence - 1) run.last = sequence;
    else runs.push({ first: sequence, last: sequence });
  }
  return runs;
}
