import { countEvents } from "@tidemark/domain/frame";
import type { AppliedDelivery } from "@tidemark/event-store/event-store";

/** A call of `EventStore.apply` on its way to the writer's thread. */
export interface ApplyCall {
  frames: PackedFrame[];
  /** The texts of all frames, one after another. */
  bytes: Uint8Array;
  maxNamed: number;
}

export interface PackedFrame {
  id: string;
  generation: string;
  sequence: number;
  receivedAtMs: number;
  /** The number of events that the frame declares. */
  events: number;
  /** The offset in `bytes` at which the text of the frame begins. */
  start: number;
  end: number;
}

/**
 * Copies the frames' texts into one buffer, which then changes threads without another copy. The frames themselves stay
 * in this thread, because they are applied again after a failure. The copy takes 0.03 µs an event, SQLite some 3.
 */
export function packCall(deliveries: AppliedDelivery[], maxNamed: number): { call: ApplyCall; buffer: ArrayBuffer } {
  const buffer = new ArrayBuffer(deliveries.reduce((sum, { frame }) => sum + frame.events.length, 0));
  const bytes = new Uint8Array(buffer);
  let at = 0;
  const frames = deliveries.map(({ frame, origin }): PackedFrame => {
    const start = at;
    bytes.set(frame.events, start);
    at += frame.events.length;
    return {
      id: frame.id,
      generation: origin.generation,
      sequence: origin.sequence,
      receivedAtMs: frame.receivedAtMs,
      events: countEvents(frame),
      start,
      end: at,
    };
  });
  return { call: { frames, bytes, maxNamed }, buffer };
}

/** Returns the text of a frame, without a copy. */
export function textOf({ bytes }: ApplyCall, { start, end }: PackedFrame): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
}
