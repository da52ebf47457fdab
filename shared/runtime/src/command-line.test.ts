import { expect, test } from "vitest";
import { z } from "zod";
import {
  type CommandLine,
  decimal,
  formatHelp,
  InvalidArguments,
  listOf,
  oneOf,
  readCommandLine,
  share,
  wholeNumber,
} from "./command-line.ts";

const COMMAND = {
  usage: "npm run send -- [options]",
  about: "Sends things.",
  options: z
    .object({
      batchSize: wholeNumber({ min: 1, max: 100 }).prefault("10").meta({ value: "N", description: "things per batch" }),
      seconds: decimal({ min: 0.1, max: 60 }).optional().meta({ value: "S", description: "how long to send" }),
      rate: share().prefault("0.25").meta({ value: "R", description: "share of duplicates" }),
      only: listOf(oneOf(["red", "blue"]))
        .prefault("red")
        .meta({ value: "LIST", description: "colours" }),
      dryRun: z.boolean().default(false).meta({ description: "sends nothing" }),
    })
    .refine(({ dryRun, seconds }) => !dryRun || seconds === undefined, { error: "--dry-run: takes no --seconds" }),
  notes: "Exit code: 0.",
} satisfies CommandLine;

const DEFAULTS = { batchSize: 10, rate: 0.25, only: ["red"], dryRun: false };

test.each<[string[], object]>([
  [[], DEFAULTS],
  [["--batch-size", "7", "--dry-run"], { ...DEFAULTS, batchSize: 7, dryRun: true }],
  [["--batch-size=7", "--batch-size", "8"], { ...DEFAULTS, batchSize: 8 }],
  [["--seconds", ".5", "--only", "blue,red"], { ...DEFAULTS, seconds: 0.5, only: ["blue", "red"] }],
])("the arguments %j are read as %j", (args, expected) => {
  expect(readCommandLine(COMMAND, args)).toEqual(expected);
});

test.each([["--help"], ["-h"]])("%s asks for help, even beside wrong arguments", (help) => {
  expect(readCommandLine(COMMAND, ["--batch-size", "none", help])).toBeUndefined();
});

test.each([
  [["--batch-size", "101"], '--batch-size: must be a whole number from 1 to 100, not "101"'],
  [["--batch-size", "1.5"], '--batch-size: must be a whole number from 1 to 100, not "1.5"'],
  [["--batch-size="], '--batch-size: must be a whole number from 1 to 100, not ""'],
  [["--seconds", "0"], '--seconds: must be a number from 0.1 to 60, not "0"'],
  [["--rate", "1"], '--rate: must be a number from 0 to below 1, not "1"'],
  [["--only", "red,green"], '--only: must be one of red, blue, not "red,green"'],
  [["--only", "red://user:sec@ret@host/name"], '--only: must be one of red, blue, not "red://***@host/name"'],
  [["--only", "user:secret@host"], '--only: must be one of red, blue, not "***@host"'],
  [["--batch-size"], "--batch-size: needs a value"],
  [["--batch-size", "--dry-run"], "--batch-size: needs a value"],
  [["--dry-run=yes"], "--dry-run: takes no value"],
  [["--dry-run", "--seconds", "1"], "--dry-run: takes no --seconds"],
  [["--frob"], "unknown option --frob"],
  [["--frob", "its-value"], "unknown option --frob"],
  [["stray"], 'unexpected argument "stray"'],
])("the arguments %j are refused: %s", (args, message) => {
  expect(() => readCommandLine(COMMAND, args)).toThrow(new InvalidArguments(message));
});

test("one error names all faults", () => {
  const read = () => readCommandLine(COMMAND, ["--frob", "--batch-size", "x", "--rate", "9"]);

  expect(read).toThrow(/--frob\n--batch-size: .*\n--rate: /);
});

test("operands are read if the options have a field for them", () => {
  const command = { ...COMMAND, options: z.object({ operands: z.array(z.string()).min(1, "name a file") }) };

  expect(readCommandLine(command, ["a", "--", "--b"])).toEqual({ operands: ["a", "--b"] });
  expect(() => readCommandLine(command, [])).toThrow(new InvalidArguments("name a file"));
  expect(() => readCommandLine(command, ["--frob"])).toThrow(new InvalidArguments("unknown option --frob"));
});

test("the help lists every option with its default", () => {
  expect(formatHelp(COMMAND)).toBe(`Usage: npm run send -- [options]

Sends things.

  --batch-size N   things per batch (default 10)
  --seconds S      how long to send
  --rate R         share of duplicates (default 0.25)
  --only LIST      colours (default red)
  --dry-run        sends nothing
  --help           this text

Exit code: 0.
`);
});
