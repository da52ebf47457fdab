import { parseArgs } from "node:util";
import type { Shape } from "./deck.ts";
import { isSabotage, SABOTAGES, type Sabotage } from "./saboteurs/sabotage.ts";
import { isScenario, SCENARIOS, type ScenarioName } from "./scenario.ts";

export interface FaultOptions {
  scenario: ScenarioName;
  seed: number;
  minutes: number;
  shape: Shape;
  rate: number;
  sabotage?: Sabotage;
  report?: string;
  dir?: string;
}

/** The arguments are wrong: says which and what they may be. */
export class InvalidArguments extends Error {
  override readonly name = "InvalidArguments";
}

export const USAGE = `Usage: npm run faults -- [options]

Runs Tidemark as real processes under load, lets faults happen to them, and then checks that nothing was lost, stored
twice or miscounted. Equal seeds bring equal faults. Ends with 1 when a promise was broken.

  --scenario NAME  drawn: faults drawn from the seed (default)
                   outage: the stack at full load, its database stopped for 60 s; no request may fail
                   redelivery: acknowledgements get lost until everything was delivered 10,000 times again
  --shape NAME     single or stack (default single); the two shows are of the stack
  --seed N         whole number (default 1)
  --minutes M      how long the load and the faults go on (default 2)
  --rate N         events a second, about (default 600)
  --report FILE    writes the report there as well
  --keep DIR       a folder for data and logs that stays
  --sabotage NAME  runs with a consumer that breaks a promise, which has to be found (stack):
                   ${SABOTAGES.join(", ")}
  --help           this text
`;

const OPTIONS = {
  scenario: { type: "string", default: "drawn" },
  shape: { type: "string", default: "single" },
  seed: { type: "string", default: "1" },
  minutes: { type: "string", default: "2" },
  rate: { type: "string", default: "600" },
  report: { type: "string" },
  keep: { type: "string" },
  sabotage: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

/**
 * What the command line asks for; undefined when it asks for help.
 *
 * @throws {InvalidArguments} naming every fault
 */
export function readFaultOptions(args: string[]): FaultOptions | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const faults: string[] = [];
  const number = (name: "seed" | "minutes" | "rate", pattern: RegExp) => {
    if (!pattern.test(values[name])) faults.push(`--${name}: ${values[name]} is not a number it may be`);
    return Number(values[name]);
  };
  const { scenario, sabotage, report, keep } = values;
  const shape = scenario === "drawn" ? values.shape : "stack";
  if (!isScenario(scenario)) faults.push(`--scenario: must be one of ${SCENARIOS.join(", ")}`);
  if (shape !== "single" && shape !== "stack") faults.push("--shape: must be single or stack");
  if (sabotage !== undefined && !isSabotage(sabotage))
    faults.push(`--sabotage: must be one of ${SABOTAGES.join(", ")}`);
  if (sabotage !== undefined && shape !== "stack") faults.push("--sabotage: takes --shape stack");
  const options = {
    scenario: scenario as ScenarioName,
    shape: shape as Shape,
    seed: number("seed", /^\d{1,9}$/),
    minutes: number("minutes", /^\d{1,4}(\.\d+)?$/),
    rate: number("rate", /^[1-9]\d{0,5}$/),
    ...(sabotage === undefined ? {} : { sabotage: sabotage as Sabotage }),
    ...(report === undefined ? {} : { report }),
    ...(keep === undefined ? {} : { dir: keep }),
  };
  if (faults.length > 0) throw new InvalidArguments(faults.join("\n"));
  return options;
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS }).values;
  } catch (error) {
    throw new InvalidArguments((error as Error).message);
  }
}
