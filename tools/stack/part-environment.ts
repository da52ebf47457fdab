export type Part = "gateway" | "consumer" | "query";

/** The secrets that a part has no use for, so that a part which is taken over does not give them away. */
const WITHHELD: Record<Part, string[]> = {
  gateway: ["DATABASE_URL"],
  consumer: ["SIGNING_KEY", "API_KEYS"],
  query: [],
};

/** Returns the environment of the stack without what a part does not need, also in its form `DATABASE_URL_FILE`. */
export function environmentOfPart(part: Part, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const withheld = new Set(WITHHELD[part].flatMap((name) => [name, `${name}_FILE`]));
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !withheld.has(name)));
}
