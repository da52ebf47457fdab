export type Part = "gateway" | "consumer" | "query";

/**
 * The secrets that a part does not need. They are removed, so that an attacker who controls the part does not get them.
 */
const WITHHELD: Record<Part, string[]> = {
  gateway: ["DATABASE_URL"],
  consumer: ["SIGNING_KEY", "API_KEYS"],
  query: [],
};

/**
 * Returns the environment of the stack without the secrets that a part does not need, including forms such as
 * `DATABASE_URL_FILE`.
 */
export function environmentOfPart(part: Part, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const withheld = new Set(WITHHELD[part].flatMap((name) => [name, `${name}_FILE`]));
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !withheld.has(name)));
}
