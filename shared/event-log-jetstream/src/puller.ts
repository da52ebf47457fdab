import { createInbox, type Msg, nanos, type Subscription } from "@nats-io/transport-node";
import type { Delivery, TakeLimits, UnreadableDelivery } from "@tidemark/event-log/event-log";
import { WaitingLine } from "@tidemark/event-log/waiting-line";
import type { Logger } from "@tidemark/telemetry/logger";
import type { JetstreamConnection } from "./connection.ts";
import { readDelivery, type WeighedDelivery } from "./delivery.ts";
import type { StreamLife } from "./stream.ts";

export interface PullerOptions {
  connection: JetstreamConnection;
  stream: string;
  ackWaitMs: number;
  /** Makes sure that stream and consumer exist, however long that takes; undefined when the log is closing. */
  ensureLife: () => Promise<StreamLife | undefined>;
  logger: Logger;
}

// Half of it, where no more is asked for, is what a second transaction waits for, be it one event a frame; and little
// enough for other consumers to find work.
const MAX_BUFFERED_FRAMES = 1_000;
const MIN_BUFFER_BYTES = 32 * 1024 * 1024;
const PULL_EXPIRES_MS = 30_000;
// The server says that a pull request is alive this often; after two and a half of these without a word it is lost
// (the consumer's leader has moved, say).
const HEARTBEAT_MS = 2_000;
const SILENCE_MS = 2.5 * HEARTBEAT_MS;

const STATUS_HEARTBEAT = 100;
/** Pull requests that ended as they should: expired, or without room for the next message. */
const ORDINARY_ENDS = /^(408 request timeout|409 message size exceeds maxbytes|409 batch completed)/i;

/**
 * Keeps a bounded buffer of deliveries filled: one pull request is always waiting at the server while there is room, so
 * an idle log hands a frame over at once.
 *
 * Written on the pull protocol itself (ADR-13 of nats-architecture-and-design) because the client's `consume` and `fetch`
 * leave no way to stop without losing what is on its way until its acknowledgement is overdue.
 */
export function createPuller({ connection, stream, ackWaitMs, ensureLife, logger }: PullerOptions) {
  const maxMessageBytes = () => connection.nats.info?.max_payload ?? 0;
  const bufferBytes = () => Math.max(MIN_BUFFER_BYTES, 2 * maxMessageBytes());
  const inbox = createInbox();
  const timers: NodeJS.Timeout[] = [];
  const closing = Promise.withResolvers<void>();
  const buffer = new WaitingLine<WeighedDelivery>();
  /** What is in the buffer or at hand of a taker. */
  const undecided = new Set<WeighedDelivery>();
  let isClosed = false;
  let life: StreamLife | undefined;
  let recovery: Promise<void> | undefined;
  /** The pull request at the server: its number, and how many messages it may still bring. */
  let request = { number: 0, remaining: 0 };
  let heardAt = 0;
  let subscription: Subscription | undefined;

  function pull(): void {
    if (isClosed || life === undefined || recovery !== undefined || request.remaining > 0) return;
    const room = { frames: MAX_BUFFERED_FRAMES - buffer.length, bytes: bufferBytes() - buffer.bytes };
    // With less room than a message can need, the server would end the request at once.
    if (room.frames < MAX_BUFFERED_FRAMES / 2 || room.bytes < maxMessageBytes()) return;
    request = { number: request.number + 1, remaining: room.frames };
    heardAt = Date.now();
    const options = {
      batch: room.frames,
      max_bytes: room.bytes,
      expires: nanos(PULL_EXPIRES_MS),
      idle_heartbeat: nanos(HEARTBEAT_MS),
    };
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${life.consumer}`;
    connection.nats.publish(subject, JSON.stringify(options), { reply: `${inbox}.${request.number}` });
  }

  function receive(message: Msg): void {
    heardAt = Date.now();
    if (message.subject.startsWith(inbox)) {
      receiveStatus(message);
      return;
    }
    const weighed = readDelivery(message, { connection, onDecided: () => undecided.delete(weighed) });
    undecided.add(weighed);
    buffer.push(weighed);
    if (request.remaining > 0) request.remaining--;
    pull();
  }

  /** A word about a pull request, sent to its own reply subject. */
  function receiveStatus({ subject, headers }: Msg): void {
    if (headers === undefined || headers.code === STATUS_HEARTBEAT) return;
    if (subject !== `${inbox}.${request.number}`) return; // of one that was given up already
    request.remaining = 0;
    if (ORDINARY_ENDS.test(headers.status)) pull();
    else {
      logger.warn({ status: headers.status, stream }, "the log ended a pull request");
      recover();
    }
  }

  /** Finds out what became of stream and consumer, then pulls again. */
  function recover(): void {
    request.remaining = 0;
    recovery ??= ensureLife()
      .then(
        (ensured) => {
          life = ensured;
        },
        (error) => {
          logger.error({ err: error, stream }, "could not find the log again");
          life = undefined;
        },
      )
      .finally(() => {
        recovery = undefined;
        pull();
      });
  }

  /** Nothing that is here or at hand may be delivered to others: a store that is slow or down takes its time. */
  function extendAll(): void {
    // What a lost connection delays, the ledger makes good: the frame comes again, and counts once.
    if (!connection.isConnected || connection.nats.isDraining()) return;
    for (const weighed of undecided) weighed.extend();
  }

  async function followConnection(): Promise<void> {
    while (!isClosed) {
      await Promise.race([connection.lost(), closing.promise]);
      await Promise.race([connection.connected(), closing.promise]);
      if (!isClosed) recover();
    }
  }

  return {
    start(firstLife: StreamLife): void {
      life = firstLife;
      subscription = connection.nats.subscribe(`${inbox}.*`, { callback: (_error, message) => receive(message) });
      timers.push(
        setInterval(() => {
          const isSilent = request.remaining > 0 && Date.now() - heardAt > SILENCE_MS;
          if ((isSilent || life === undefined) && connection.isConnected) recover();
        }, HEARTBEAT_MS),
        setInterval(extendAll, ackWaitMs / 4),
      );
      void followConnection();
      pull();
    },

    async take(limits: TakeLimits): Promise<(Delivery | UnreadableDelivery)[]> {
      const taken = await buffer.take(limits);
      pull();
      return taken.map(({ delivery }) => delivery);
    },

    /** Stops pulling; everything not taken goes back, also what is still on its way here. */
    async close(): Promise<void> {
      if (isClosed) return;
      isClosed = true;
      closing.resolve();
      buffer.close();
      for (const timer of timers) clearInterval(timer);
      // Resolves when the server has sent all it had for this subscription.
      if (connection.isConnected) await Promise.race([subscription?.drain(), connection.lost()]);
      for (const { delivery } of buffer.clear()) delivery.retry(0);
      if (connection.isConnected) await Promise.race([connection.nats.flush(), connection.lost()]);
    },
  };
}
