import { randomBytes } from "node:crypto";
import type { EventLog } from "../../shared/src/event-log/event-log.ts";
import { connectJetstream, type JetstreamConnection } from "../../shared/src/event-log/jetstream-connection.ts";
import { openJetstreamEventLog } from "../../shared/src/event-log/jetstream-event-log.ts";
import { createLogger, type Logger } from "../../shared/src/log.ts";

export const silentLog = createLogger({ service: "test", level: "silent" });

/** A name no other test uses. */
export function createStreamName(): string {
  return `TEST_${randomBytes(6).toString("hex").toUpperCase()}`;
}

export interface StreamUnderTest {
  name: string;
  connection: JetstreamConnection;
  /** Opens the log on the connection of its own, or on another. */
  open(options?: { connection?: JetstreamConnection; ackWaitMs?: number; log?: Logger }): Promise<EventLog>;
  /** Closes what was opened and deletes the stream. */
  close(): Promise<void>;
}

/** A stream of a test's own. Its size is small: the broker sets the disk of every stream aside. */
export async function createStream(url: string, { maxBytes = 64_000_000 } = {}): Promise<StreamUnderTest> {
  const name = createStreamName();
  const connection = await connectJetstream({ url, name, log: silentLog });
  const opened: EventLog[] = [];
  return {
    name,
    connection,
    async open(options = {}) {
      const log = await openJetstreamEventLog({ connection, stream: name, maxBytes, log: silentLog, ...options });
      opened.push(log);
      return log;
    },
    async close() {
      for (const log of opened) await log.close();
      await connection.nats.request(`$JS.API.STREAM.DELETE.${name}`);
      await connection.close();
    },
  };
}
