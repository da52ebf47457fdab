import { join } from "node:path";
import { type CommandLine, wholeNumber } from "@tidemark/runtime/command-line";
import { z } from "zod";

const replicas = (description: string) =>
  wholeNumber({ min: 1, max: 16 }).prefault("1").meta({ value: "N", description });

export const STACK_COMMAND = {
  usage: "npm run stack -- [options]",
  about: `Runs the stack without containers on one address: PostgreSQL (from npm), nats-server (from the PATH, Go or pip), the
gateways, consumers and query replicas, and a small edge in front of them. Ctrl-C stops the stack; the data stays.`,
  options: z.object({
    port: wholeNumber({ min: 0, max: 65_535 }).optional().meta({
      value: "N",
      description: "port of the edge (default: PORT, or else 8080)",
    }),
    data: z.string().default(join("data", "stack")).meta({
      value: "DIR",
      description: "folder of the database and the log",
    }),
    gateways: replicas("replicas of the gateway, 1 to 16"),
    consumers: replicas("replicas of the consumer, 1 to 16"),
    queries: replicas("replicas of the query service, 1 to 16"),
  }),
  notes: `Environment: HOST is the address of the edge (default 127.0.0.1). If DATABASE_URL or NATS_URL (or their *_FILE forms)
is set, the stack uses that server and starts none. METRICS_PORT is the port of /metrics of the first process; each further process has the next one, and logs it. The services receive all other settings unchanged: see .env.example.`,
} satisfies CommandLine;
