import { parseArgs } from "node:util";
import { InvalidArguments } from "../bench/options.ts";
import type { Shape } from "../bench/product.ts";

export interface ScaleOptions {
  rows: number;
  shapes: Shape[];
  seconds: number;
  save: boolean;
}

export const USAGE = `Usage: npm run bench:scale -- [options]

Fills a store through the front door, a quarter of what it sends being copies, and compares it with a small one that runs
beside it: ingest, /stats, pages at the start and at depth, events by id. Everything runs on this machine, in a fresh
folder under data/ that is removed afterwards (10 million rows take some 10 GB). Prints markdown. Linux.

  --rows N        rows of the large store (default 10000000)
  --only SHAPES   single, stack or single,stack (default both)
  --seconds S     how long each ingest lasts (default 5)
  --save          writes load/results-scale.md as well
  --help          this text
`;

const MOST_ROWS = 1e9;
const FEWEST_ROWS = 10_000;

/**
 * What the command line asks for; undefined when it asks for help.
 *
 * @throws {InvalidArguments}
 */
export function readScaleOptions(args: string[]): ScaleOptions | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const rows = Number(values.rows);
  if (!(rows >= FEWEST_ROWS && rows <= MOST_ROWS))
    throw new InvalidArguments(`--rows: must be at least ${FEWEST_ROWS}`);
  const seconds = Number(values.seconds);
  if (!(seconds > 0)) throw new InvalidArguments("--seconds: must be a number above 0");
  const shapes = values.only.split(",");
  if (!shapes.every(isShape)) throw new InvalidArguments("--only: must be single, stack or both");
  return { rows, seconds, shapes, save: values.save };
}

function isShape(text: string): text is Shape {
  return text === "single" || text === "stack";
}

function parse(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        rows: { type: "string", default: "10000000" },
        only: { type: "string", default: "single,stack" },
        seconds: { type: "string", default: "5" },
        save: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    return values;
  } catch (error) {
    throw new InvalidArguments((error as Error).message);
  }
}
