import { runSabotagedConsumer } from "./consumer-root.ts";

/** A consumer that acknowledges frames before they are in the database: a crash in between loses them. */
await runSabotagedConsumer(({ eventLog }) => ({
  eventLog: {
    maxFrameBytes: eventLog.maxFrameBytes,
    append: (frame) => eventLog.append(frame),
    snapshot: () => eventLog.snapshot(),
    ping: () => eventLog.ping(),
    close: () => eventLog.close(),
    async take(limits) {
      const deliveries = await eventLog.take(limits);
      for (const delivery of deliveries) delivery.ack();
      return deliveries.map((delivery) => ({ ...delivery, ack: () => {}, retry: () => {}, extend: () => {} }));
    },
  },
}));
