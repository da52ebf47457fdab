import { describeEventLog } from "@tidemark/event-log/contract/event-log-contract";
import { inject } from "vitest";
import { createStream } from "./fixture/nats-streams.ts";

describeEventLog("the JetStream log", {
  fullCode: "log_full",
  createLog: (size) => createStream(inject("natsUrl"), size),
});
