import { parseArgs } from "node:util";
import { z } from "zod";

/** The options of a program, from which its command line is read and its help is written. */
export interface CommandLine<Schema extends z.ZodObject = z.ZodObject> {
  /** The first line of the help: `npm run publisher -- [options]`. */
  usage: string;
  /** One paragraph that says what the program does. */
  about: string;
  /**
   * One field per option: `batchSize` is `--batch-size`. Its metadata (`.meta()`, the last call) holds the `description`
   * and the name of the `value`; an option without a value is a boolean. A field `operands` takes the arguments that
   * belong to no option.
   */
  options: Schema;
  /** The last paragraph of the help: environment, exit codes. */
  notes?: string;
}

/** The arguments are wrong. The message has one line per fault. */
export class InvalidArguments extends Error {
  override readonly name = "InvalidArguments";
}

const WRONG_ARGUMENTS_EXIT_CODE = 2;
const OPERANDS = "operands";

/** Reads the arguments of this process. Prints the help and exits with 0 on `--help`; exits with 2 on wrong arguments. */
export function commandLineOrExit<Schema extends z.ZodObject>(
  command: CommandLine<Schema>,
  args: string[] = process.argv.slice(2),
): z.output<Schema> {
  try {
    const values = readCommandLine(command, args);
    if (values !== undefined) return values;
    process.stdout.write(formatHelp(command));
    return process.exit(0);
  } catch (error) {
    if (!(error instanceof InvalidArguments)) throw error;
    process.stderr.write(`${error.message}\n\nSee --help.\n`);
    return process.exit(WRONG_ARGUMENTS_EXIT_CODE);
  }
}

/**
 * Reads arguments; undefined when they ask for help.
 *
 * @throws {InvalidArguments} naming all faults at once
 */
export function readCommandLine<Schema extends z.ZodObject>(
  { options }: CommandLine<Schema>,
  args: string[],
): z.output<Schema> | undefined {
  const { values, faults, isHelp, hasUnknown } = splitArguments(options, args);
  if (isHelp) return undefined;
  const parsed = options.safeParse(values);
  const issues = parsed.error?.issues.filter(({ path }) => !hasUnknown || path[0] !== OPERANDS) ?? [];
  faults.push(...issues.map((issue) => formatIssue(issue, values)));
  if (!parsed.success || faults.length > 0) throw new InvalidArguments([...new Set(faults)].join("\n"));
  return parsed.data;
}

/** Texts by field. `parseArgs` itself would stop at the first fault, so it only splits the arguments into tokens here. */
function splitArguments({ shape }: z.ZodObject, args: string[]) {
  const fields = new Map(Object.keys(shape).map((field) => [flagName(field), field]));
  const described = [...fields].map(([flag, field]) => [
    flag,
    { type: isBoolean(shape, field) ? "boolean" : "string" },
  ]);
  const { tokens } = parseArgs({
    args,
    options: { ...Object.fromEntries(described), help: { type: "boolean", short: "h" } },
    strict: false,
    tokens: true,
  });
  const operands: string[] = [];
  const values: Record<string, unknown> = OPERANDS in shape ? { [OPERANDS]: operands } : {};
  const faults: string[] = [];
  let isHelp = false;
  let hasUnknown = false; // then an argument without an option may be the value of the unknown option
  for (const token of tokens) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    const field = token.name === OPERANDS ? undefined : fields.get(token.name);
    if (token.name === "help") isHelp = true;
    else if (field === undefined) {
      hasUnknown = true;
      faults.push(`unknown option ${token.rawName}`);
    } else if (isBoolean(shape, field)) {
      if (token.value === undefined) values[field] = true;
      else faults.push(`${token.rawName}: takes no value`);
    } else if (token.value === undefined || (token.inlineValue === false && /^-./.test(token.value))) {
      faults.push(`${token.rawName}: needs a value`);
    } else values[field] = token.value;
  }
  if (!(OPERANDS in shape || hasUnknown)) {
    faults.push(...operands.map((operand) => `unexpected argument ${JSON.stringify(operand)}`));
  }
  return { values, faults, isHelp, hasUnknown };
}

function formatIssue({ path: [field], message }: z.core.$ZodIssue, values: Record<string, unknown>): string {
  if (field === undefined || field === OPERANDS) return message;
  return `--${flagName(String(field))}: ${message}, not ${JSON.stringify(withoutPassword(values[String(field)]))}`;
}

/** The part before the host of a URL may be a password, and the output may end up in a log. */
function withoutPassword(value: unknown): unknown {
  return typeof value === "string" ? value.replace(/^([^/@]*\/\/)?.*@/s, "$1***@") : value;
}

/** Writes the text that `--help` prints. */
export function formatHelp({ usage, about, options: { shape }, notes }: CommandLine): string {
  const rows = Object.keys(shape)
    .filter((field) => field !== OPERANDS)
    .map((field) => {
      const { value, description = "" } = metadataOf(shape, field);
      const preset = presetOf(shape, field);
      return [
        [`--${flagName(field)}`, value].filter(Boolean).join(" "),
        preset === undefined ? description : description.replace(/$/m, ` (default ${preset})`),
      ] as const;
    });
  const all = [...rows, ["--help", "this text"] as const];
  const width = Math.max(...all.map(([flag]) => flag.length)) + 3;
  const lines = all.map(
    ([flag, text]) => `  ${flag.padEnd(width)}${text.replaceAll("\n", `\n${" ".repeat(width + 2)}`)}`,
  );
  return [`Usage: ${usage}`, about, lines.join("\n"), ...(notes === undefined ? [] : [notes])]
    .join("\n\n")
    .concat("\n");
}

function flagName(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function metadataOf(shape: z.core.$ZodShape, field: string) {
  return z.globalRegistry.get(shape[field] as z.ZodType) ?? {};
}

function isBoolean(shape: z.core.$ZodShape, field: string): boolean {
  return metadataOf(shape, field).value === undefined;
}

function presetOf(shape: z.core.$ZodShape, field: string): unknown {
  const { def } = shape[field] as z.ZodDefault | z.ZodPrefault | z.ZodOptional;
  const preset = def.type === "default" || def.type === "prefault" ? def.defaultValue : undefined;
  return preset === false ? undefined : preset;
}

export interface Range {
  min: number;
  max: number;
}

export function wholeNumber({ min, max }: Range) {
  return numberLike(/^\d+$/, `must be a whole number from ${min} to ${max}`, (value) => value >= min && value <= max);
}

export function decimal({ min, max }: Range) {
  return numberLike(DECIMAL, `must be a number from ${min} to ${max}`, (value) => value >= min && value <= max);
}

/** A share of a whole, from 0 to below 1. */
export function share() {
  return numberLike(DECIMAL, "must be a number from 0 to below 1", (value) => value < 1);
}

const DECIMAL = /^(\d+\.?\d*|\.\d+)$/;

function numberLike(pattern: RegExp, error: string, isInRange: (value: number) => boolean) {
  return z.string().regex(pattern, error).transform(Number).pipe(z.number().refine(isInRange, error));
}

export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, { error: `must be one of ${words.join(", ")}` });
}

/** Values separated by commas. */
export function listOf<Item extends z.ZodType<unknown, string>>(item: Item) {
  return z
    .string()
    .transform((text) => text.split(","))
    .pipe(z.array(item));
}
