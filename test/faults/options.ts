import { type CommandLine, decimal, oneOf, wholeNumber } from "@tidemark/runtime/command-line";
import { z } from "zod";
import { SABOTAGES } from "./saboteurs/sabotage.ts";
import { SCENARIOS } from "./schedule/scenario.ts";

export const FAULTS_COMMAND = {
  usage: "npm run faults -- [options]",
  about: `Runs Tidemark as real processes under load, injects faults into them, and then checks that no event was lost, stored
twice or miscounted. Equal seeds give equal faults. Exits with 1 if a promise was broken.`,
  options: z
    .object({
      scenario: oneOf(SCENARIOS)
        .default("drawn")
        .meta({
          value: "NAME",
          description: `drawn: faults drawn from the seed
outage: the stack at full load, its database stopped for 60 s; no request may fail
redelivery: acknowledgements get lost until 10,000 deliveries were repeated`,
        }),
      shape: oneOf(["single", "stack"]).default("single").meta({
        value: "NAME",
        description: "single or stack; the scenarios outage and redelivery always run the stack",
      }),
      seed: wholeNumber({ min: 0, max: 999_999_999 })
        .prefault("1")
        .meta({ value: "N", description: "seed of the faults" }),
      minutes: decimal({ min: 0, max: 9_999 }).prefault("2").meta({
        value: "M",
        description: "duration of the load and the faults",
      }),
      rate: wholeNumber({ min: 1, max: 999_999 })
        .prefault("600")
        .meta({ value: "N", description: "events per second, about" }),
      report: z.string().optional().meta({ value: "FILE", description: "writes the report to this file as well" }),
      keep: z.string().optional().meta({ value: "DIR", description: "a folder for data and logs that stays" }),
      sabotage: oneOf(SABOTAGES)
        .optional()
        .meta({
          value: "NAME",
          description: `runs the stack with a service that breaks a promise, which the checks must find:
${SABOTAGES.slice(0, 4).join(", ")},
${SABOTAGES.slice(4).join(", ")}`,
        }),
    })
    .refine(({ sabotage, scenario, shape }) => sabotage === undefined || scenario !== "drawn" || shape === "stack", {
      error: "--sabotage: needs --shape stack",
    }),
} satisfies CommandLine;
