import { createInbox, type Msg, nanos, type Subscription } from "@nats-io/transport-node";
import type { Delivery, TakeLimits, UnreadableDelivery } from "@tidemark/event-log/event-log";
import { WaitingLine } from "@tidemark/event-log/waiting-line";
import type { Logger } from "@tidemark/telemetry/logger";
import type { JetstreamConnection } from "./connection.ts";
import { readDelivery, type WeighedDelivery } from "./delivery.ts";
import { HEARTBEAT_MS, PullSchedule } from "./pull-schedule.ts";
import type { StreamGeneration } from "./stream.ts";

export interface PullerOptions {
  connection: JetstreamConnection;
  stream: string;
  ackWaitMs: number;
  /**
   * Ensures that the stream and its consumer exist, and retries without limit. Returns undefined when the log is
   * closing.
   */
  ensureGeneration: () => Promise<StreamGeneration | undefined>;
  logger: Logger;
}

const PULL_EXPIRES_MS = 30_000;

/**
 * Keeps a bounded buffer of deliveries filled. While the buffer has room, one pull request waits at the server, so that
 * a new frame arrives at once. This class implements the pull protocol itself (ADR-13 of nats-architecture-and-design),
 * because the client's `consume` and `fetch` cannot stop without losing the messages in flight until their
 * acknowledgement is overdue.
 *
 * `PullSchedule` holds the states and decides; this class sends and receives.
 */
export class Puller {
  readonly #options: PullerOptions;
  readonly #schedule = new PullSchedule();
  readonly #buffer = new WaitingLine<WeighedDelivery>();
  /** The deliveries that are in the buffer or were taken from it. */
  readonly #undecided = new Set<WeighedDelivery>();
  readonly #inbox: string;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #closing = Promise.withResolvers<void>();
  #isClosed = false;
  #consumer = "";
  #subscription: Subscription | undefined;

  constructor(options: PullerOptions) {
    this.#options = options;
    this.#inbox = createInbox(options.connection.inboxPrefix);
  }

  start({ consumer }: StreamGeneration): void {
    const { connection, ackWaitMs } = this.#options;
    this.#consumer = consumer;
    this.#subscription = connection.nats.subscribe(`${this.#inbox}.*`, {
      callback: (_error, message) => this.#receive(message),
    });
    this.#timers.push(
      setInterval(() => {
        if (connection.isConnected && this.#schedule.isOverdue(Date.now())) this.#recover();
      }, HEARTBEAT_MS),
      setInterval(() => this.#extendAll(), ackWaitMs / 4),
    );
    this.#schedule.start();
    void this.#followConnection();
    this.#pull();
  }

  async take(limits: TakeLimits): Promise<(Delivery | UnreadableDelivery)[]> {
    const taken = await this.#buffer.take(limits);
    this.#pull();
    return taken.map(({ delivery }) => delivery);
  }

  /**
   * Stops pulling. Returns every delivery that was not taken to the server, including those that are still in flight.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    const { connection } = this.#options;
    this.#isClosed = true;
    this.#schedule.stop();
    this.#closing.resolve();
    this.#buffer.close();
    for (const timer of this.#timers) clearInterval(timer);
    const subscription = this.#subscription;
    if (subscription === undefined) return; // pulling did not begin
    // A drain resolves when the server has sent all messages of this subscription.
    await connection.sendLast(() => subscription.drain());
    for (const { delivery } of this.#buffer.clear()) delivery.retry(0);
    await connection.sendLast(() => connection.nats.flush());
  }

  #pull(): void {
    const { connection, stream } = this.#options;
    if (this.#schedule.state !== "ready") return;
    const maxMessageBytes = connection.nats.info?.max_payload ?? 0;
    const buffered = { frames: this.#buffer.length, bytes: this.#buffer.bytes, maxMessageBytes };
    const request = this.#schedule.nextRequest(buffered, Date.now());
    if (request === undefined) return;
    const options = {
      batch: request.frames,
      max_bytes: request.bytes,
      expires: nanos(PULL_EXPIRES_MS),
      idle_heartbeat: nanos(HEARTBEAT_MS),
    };
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${this.#consumer}`;
    connection.nats.publish(subject, JSON.stringify(options), { reply: `${this.#inbox}.${request.number}` });
  }

  #receive(message: Msg): void {
    if (message.subject.startsWith(this.#inbox)) {
      this.#receiveStatus(message);
      return;
    }
    const { connection } = this.#options;
    const weighed = readDelivery(message, { connection, onDecided: () => this.#undecided.delete(weighed) });
    this.#undecided.add(weighed);
    this.#buffer.push(weighed);
    this.#schedule.messageArrived(Date.now());
    this.#pull();
  }

  /** Receives the status messages about a pull request, which the server sends to the reply subject of the request. */
  #receiveStatus({ subject, headers }: Msg): void {
    if (headers === undefined) return;
    const number = Number(subject.slice(this.#inbox.length + 1));
    const isLost = this.#schedule.statusArrived(number, headers, Date.now());
    if (isLost) {
      const { stream, logger } = this.#options;
      logger.warn({ status: headers.status, stream }, "the log ended a pull request");
      this.#recover();
    } else this.#pull();
  }

  /** Finds the stream and its consumer or creates them, and then pulls again. */
  #recover(): void {
    if (!this.#schedule.beginRecovery()) return;
    const { ensureGeneration, stream, logger } = this.#options;
    void ensureGeneration()
      .catch((error) => {
        logger.error({ err: error, stream }, "could not find the stream again");
        return undefined;
      })
      .then((found) => {
        if (found !== undefined) this.#consumer = found.consumer;
        this.#schedule.endRecovery(found !== undefined);
        this.#pull();
      });
  }

  /**
   * Prevents the redelivery of every delivery that is in the buffer or was taken, for as long as this process works on
   * it.
   */
  #extendAll(): void {
    const { connection } = this.#options;
    // A lost connection may delay this too long. The frame is then delivered again, and the ledger counts it once.
    if (!connection.isConnected || connection.nats.isDraining()) return;
    for (const weighed of this.#undecided) weighed.extend();
  }

  async #followConnection(): Promise<void> {
    const { connection } = this.#options;
    while (!this.#isClosed) {
      await Promise.race([connection.lost(), this.#closing.promise]);
      await Promise.race([connection.connected(), this.#closing.promise]);
      if (!this.#isClosed) this.#recover();
    }
  }
}
