import { existsSync, readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import type { Logger } from "@tidemark/telemetry/logger";
import type { z } from "zod";
import { describeUnknown, findMisspelled } from "./setting-names.ts";

/** Settings are invalid, and the process must not start. The message names each of them with its allowed values. */
export class InvalidSettings extends Error {
  override readonly name = "InvalidSettings";
}

/**
 * Reads the settings of a service from the environment. The keys of the schema are the names of the variables. An empty
 * variable counts as unset. A value may also be in a file: `DATABASE_URL_FILE=/run/secrets/url` sets `DATABASE_URL`. A
 * setting that is itself the path of a file has no such variant. A file from which Node has filled the environment must
 * hold only settings.
 *
 * @throws {InvalidSettings} with all faults at once
 */
export function readSettings<Schema extends z.ZodObject>(
  schema: Schema,
  environment: Record<string, string | undefined> = process.env,
  nodeArguments: readonly string[] = process.execArgv,
): z.infer<Schema> {
  const values: Record<string, string> = {};
  const faults = environmentFiles(nodeArguments).flatMap((file) => describeUnknown(namesIn(file), file));
  for (const name of Object.keys(schema.shape)) {
    const value = environment[name];
    const file = name.endsWith("_FILE") ? undefined : environment[`${name}_FILE`];
    if (value && file) faults.push(`${name}: set either ${name} or ${name}_FILE, not both`);
    else if (value) values[name] = value;
    else if (file) {
      try {
        values[name] = readFileSync(file, "utf8").trim();
      } catch (error) {
        faults.push(`${name}_FILE: cannot read ${file}: ${(error as Error).message}`);
      }
    }
  }
  const parsed = schema.safeParse(values);
  if (!parsed.success) faults.push(...parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`));
  if (!parsed.success || faults.length > 0) throw new InvalidSettings(`invalid settings:\n  ${faults.join("\n  ")}`);
  return parsed.data;
}

/** Logs a `warn` for each variable of the environment that is not a setting but nearly one. */
export function warnOfMisspelled(logger: Logger, environment: Record<string, string | undefined> = process.env): void {
  for (const { name, nearest } of findMisspelled(Object.keys(environment))) {
    logger.warn({ name, nearest }, "a variable of the environment is not a setting but nearly one");
  }
}

/**
 * Logs a `warn` if a service without keys has the key of the publisher in its environment, because API_KEY_FILE is nearly
 * API_KEYS_FILE and does not close the service.
 */
export function warnOfPublisherKey(
  logger: Logger,
  environment: Record<string, string | undefined> = process.env,
): void {
  for (const name of ["API_KEY", "API_KEY_FILE"]) {
    if (!environment[name]) continue;
    logger.warn({ name, nearest: "API_KEYS_FILE" }, "only the publisher uses this key; API_KEYS_FILE closes a service");
  }
}

/** Returns the files from which Node was told to fill the environment: `--env-file-if-exists=.env`. */
function environmentFiles(nodeArguments: readonly string[]): string[] {
  const found = nodeArguments.join("\n").matchAll(/^--env-file(?:-if-exists)?[=\n](.+)$/gm);
  return [...found].map(([, file]) => file as string).filter((file) => existsSync(file));
}

function namesIn(file: string): string[] {
  return Object.keys(parseEnv(readFileSync(file, "utf8")));
}
