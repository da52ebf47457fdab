import { z } from "zod";
import * as declarations from "./settings.ts";

/** Every setting of Tidemark, by name. One `.env` and one environment serve all services, so a service knows all of them. */
export const SETTINGS: ReadonlyMap<string, z.ZodType> = new Map(
  Object.values(declarations).flatMap((declared) =>
    declared instanceof z.ZodObject ? (Object.entries(declared.shape) as [string, z.ZodType][]) : [],
  ),
);

/** Names that other programs read from the same `.env`. */
const FOREIGN = /^(COMPOSE|DOCKER|NODE)_|^TZ$/;

export interface MisspelledName {
  name: string;
  nearest: string;
}

/**
 * Returns a fault for each of these names of an `.env` file that is not a setting. The fault suggests a similar setting
 * if there is one.
 */
export function describeUnknown(names: readonly string[], file: string): string[] {
  return names
    .filter((name) => !isSetting(name) && !FOREIGN.test(name))
    .map((name) => {
      const nearest = findNearest(name);
      return `${file}: ${name} is not a setting${nearest === undefined ? "" : `; did you mean ${nearest}?`}`;
    });
}

/**
 * Finds the names that are not settings but nearly so. An environment also has many names of other programs, which are
 * not similar to a setting.
 */
export function findMisspelled(names: readonly string[]): MisspelledName[] {
  return names.flatMap((name) => {
    const nearest = isSetting(name) ? undefined : findNearest(name);
    return nearest === undefined ? [] : [{ name, nearest }];
  });
}

function isSetting(name: string): boolean {
  return SETTINGS.has(name) || SETTINGS.has(name.replace(/_FILE$/, ""));
}

/**
 * Returns the setting that differs only by a prefix `TIDEMARK_`, by a missing end, by case, or by one or two letters.
 */
function findNearest(name: string): string | undefined {
  const upper = name.toUpperCase().replaceAll("-", "_");
  const spelled = upper.replace(/^TIDEMARK_(?=.*_)/, ""); // Kubernetes itself sets TIDEMARK_PORT for a service `tidemark`
  const candidates = [...SETTINGS.keys()].flatMap((setting) => [setting, `${setting}_FILE`]);
  const [closest] = candidates
    .map((setting) => ({ setting, distance: distanceBetween(spelled, setting) }))
    .sort((one, other) => one.distance - other.distance);
  if (closest !== undefined && closest.distance <= tolerance(spelled)) return closest.setting;
  return spelled.includes("_") ? candidates.find((setting) => setting.startsWith(`${spelled}_`)) : undefined;
}

/**
 * The number of letters that may differ. It is smaller for a short name such as HOSTS, which would be similar to too
 * many settings.
 */
function tolerance({ length }: string): number {
  if (length < 6) return 0;
  return length < 9 ? 1 : 2;
}

/** Counts the letters to insert, delete or replace between two texts (Levenshtein distance). */
function distanceBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1];
    for (const [column, otherLetter] of [...other].entries()) {
      const replaced = (row[column] as number) + (letter === otherLetter ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] as number) + 1, (next[column] as number) + 1));
    }
    row = next;
  }
  return row[other.length] as number;
}
