import { inject } from "vitest";
import { describeEventLogContract } from "./contract/event-log-contract.ts";
import { createStream } from "./support/nats-streams.ts";

describeEventLogContract("the JetStream log", {
  fullCode: "log_full",
  createLog: (size) => createStream(inject("natsUrl"), size),
});
