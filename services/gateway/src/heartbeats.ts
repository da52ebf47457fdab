import { randomUUID } from "node:crypto";
import { countEvents } from "@tidemark/domain/frame";
import type { EventLog } from "@tidemark/event-log/event-log";
import type { Signals } from "@tidemark/event-log/signals";
import type { FastifyInstance } from "fastify";
import type { Refusals } from "./refusals.ts";

const BEAT_MS = 1_000;

type Appender = Pick<EventLog, "append" | "maxFrameBytes">;

export interface HeartbeatOptions {
  eventLog: Appender;
  signals: Pick<Signals, "sendGatewayHeartbeat">;
  refusals: Refusals;
}

/**
 * Sends a heartbeat every second while the server runs, and a last one when it has closed. Returns the log with an
 * `append` that counts the events that the log has confirmed to this gateway. The heartbeats carry this count and the
 * refusals. A confirmation that does not arrive is not counted, so the log and the store together have at least that many
 * events.
 */
export function startHeartbeats(server: FastifyInstance, { eventLog, signals, refusals }: HeartbeatOptions): Appender {
  const gateway = { gatewayId: randomUUID(), startedAtMs: Date.now() };
  let confirmed = { generation: "", confirmedEvents: 0, confirmedBytes: 0 };
  let beat = 0;
  const send = (hasEnded: boolean) =>
    signals.sendGatewayHeartbeat({ ...gateway, beat: ++beat, ...confirmed, refusals: refusals.list(), hasEnded });

  let timer: NodeJS.Timeout | undefined;
  server.addHook("onReady", async () => {
    server.log.info({ gatewayId: gateway.gatewayId }, "sending heartbeats");
    timer = setInterval(() => send(false), BEAT_MS);
    send(false);
  });
  server.addHook("onClose", async () => {
    clearInterval(timer);
    send(true);
  });

  return {
    get maxFrameBytes() {
      return eventLog.maxFrameBytes;
    },
    async append(frame) {
      const appended = await eventLog.append(frame);
      const { generation } = appended;
      if (generation !== confirmed.generation) confirmed = { generation, confirmedEvents: 0, confirmedBytes: 0 };
      confirmed.confirmedEvents += countEvents(frame);
      confirmed.confirmedBytes += frame.events.length;
      return appended;
    },
  };
}
