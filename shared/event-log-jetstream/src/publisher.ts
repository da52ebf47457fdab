import { setTimeout as delay } from "node:timers/promises";
import { type JetStreamClient, jetstream, type PubAck } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import { Unavailable } from "@tidemark/domain/errors";
import { countEvents, encodeFrameHeader, type Frame } from "@tidemark/domain/frame";
import type { JetstreamConnection } from "./connection.ts";
import { isAbsent, isFull, isUndecided, unreachable } from "./errors.ts";
import { subjectPrefix } from "./stream.ts";

/** The name of the message header that carries the frame header. */
export const FRAME_HEADER = "Tidemark-Frame";
/** The header in which the client carries `msgID`. */
export const MESSAGE_ID_HEADER = "Nats-Msg-Id";

// A frame is tried twice within its deadline. A broker usually answers within milliseconds.
const ATTEMPT_MS = 2_500;
const DEADLINE_MS = 2 * ATTEMPT_MS;
// The protocol counts the headers towards max_payload, and JetStream accepts up to 64 KB of them.
const HEADER_ROOM = 64 * 1024;

export interface PublisherOptions {
  connection: JetstreamConnection;
  stream: string;
  /** Called when the stream is missing or has changed settings. */
  onAbsent: (cause: unknown) => void;
}

/** Publishes each frame as one message. Its errors say whether the frame was not taken or may have been taken. */
export function createPublisher({ connection, stream, onAbsent }: PublisherOptions) {
  const prefix = subjectPrefix(stream);
  let client: JetStreamClient | undefined;
  /** Unknown before the first connection, when no frame is taken in any case. */
  let maxPayload = Number.MAX_SAFE_INTEGER;

  function attempt(frame: Frame, timeoutMs: number): Promise<PubAck> {
    client ??= jetstream(connection.nats);
    const header = headers();
    header.set(FRAME_HEADER, encodeFrameHeader(frame));
    const published = client.publish(`${prefix}.${countEvents(frame)}`, frame.events, {
      msgID: frame.id, // a second attempt within the stream's window is stored once
      headers: header,
      expect: { streamName: stream },
      timeout: timeoutMs,
    });
    return connection.untilLost(published);
  }

  async function attemptAgain(frame: Frame, deadline: number, cause: unknown): Promise<void> {
    try {
      await Promise.race([
        connection.connected(),
        delay(Math.max(0, deadline - Date.now()), undefined, { ref: false }),
      ]);
      const leftMs = deadline - Date.now();
      if (!connection.isConnected || leftMs <= 0) throw cause;
      await attempt(frame, Math.min(ATTEMPT_MS, leftMs));
    } catch (error) {
      // Even if this attempt failed, the first attempt may have been taken.
      throw new Unavailable({
        code: "outcome_unknown",
        detail: "the log did not confirm in time; it may have taken the events, and sending them again is safe",
        cause: error,
      });
    }
  }

  return {
    get maxFrameBytes(): number {
      if (connection.isConnected) maxPayload = connection.nats.info?.max_payload ?? maxPayload;
      return maxPayload - HEADER_ROOM;
    },

    async append(frame: Frame): Promise<void> {
      if (frame.events.length > this.maxFrameBytes) {
        throw new Error(`a frame of ${frame.events.length} bytes is larger than the log's ${this.maxFrameBytes}`);
      }
      // This is checked first, because a disconnected client keeps messages and may send them much later.
      if (!connection.isConnected) throw unreachable("the log is not reachable");
      const deadline = Date.now() + DEADLINE_MS;
      try {
        await attempt(frame, ATTEMPT_MS);
      } catch (error) {
        if (isUndecided(error)) return attemptAgain(frame, deadline, error);
        if (isFull(error)) {
          throw new Unavailable({ code: "log_full", detail: "the log is full", cause: error });
        }
        if (!isAbsent(error)) throw error;
        onAbsent(error);
        throw unreachable("the log is not ready", error);
      }
    },
  };
}
