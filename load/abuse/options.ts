import { type CommandLine, decimal, listOf, wholeNumber } from "@tidemark/runtime/command-line";
import { z } from "zod";

const address = z.ipv4({ error: "must be an IPv4 address of this machine" });

export const ABUSE_COMMAND = {
  usage: "npm run load:abuse -- [options]",
  about: `Runs abusive clients against a running service (slow headers, slow bodies, floods, bombs, answers that
are not read, idle connections), and one well-behaved client of another address. Compares the well-behaved client's answers with those before the abuse, in the same run.`,
  options: z.object({
    url: z
      .url({ protocol: /^http$/, error: "must be an http URL" })
      .default("http://localhost:8080")
      .meta({
        value: "URL",
        description: "address of the service or of its edge",
      }),
    seconds: decimal({ min: 1, max: 3_600 }).prefault("15").meta({ value: "S", description: "duration of each phase" }),
    clients: wholeNumber({ min: 1, max: 1_000 }).prefault("64").meta({ value: "N", description: "abusive clients" }),
    idle: wholeNumber({ min: 0, max: 20_000 }).prefault("2000").meta({
      value: "N",
      description: "further connections that do nothing",
    }),
    abuserAddresses: listOf(address)
      .prefault("127.0.0.2")
      .meta({ value: "IP,IP", description: "addresses that the abusive clients come from" }),
    address: address.default("127.0.0.3").meta({ value: "IP", description: "address of the well-behaved client" }),
    json: z.boolean().default(false).meta({ description: "prints the figures as JSON" }),
  }),
  notes: "Environment: API_KEY. Exit code 1: a request of the well-behaved client failed.",
} satisfies CommandLine;
