import { expect, vi } from "vitest";
import { type Reply, readJson } from "./http-client.ts";

export interface Problem {
  code: string;
  detail?: string;
  errors: { pointer: string; detail: string }[];
  errors_total?: number;
}

/** Expects a problem (RFC 9457) with one of these statuses. Its `errors` are empty if it has none. */
export function expectProblem(reply: Reply, ...statuses: number[]): Problem {
  expect(statuses, reply.text).toContain(reply.status);
  expect(reply.headers["content-type"]).toMatch(/^application\/problem\+json\b/);
  const problem = readJson(reply);
  expect(problem.status).toBe(reply.status);
  expect(problem.title).toEqual(expect.stringMatching(/./));
  expect(problem.code).toEqual(expect.stringMatching(/^[a-z][a-z0-9_]*$/));
  return { errors: [], ...problem } as unknown as Problem;
}

/** Lists the pointers of the faults. A value that breaks two rules may occur twice. */
export function pointersOf(problem: Problem): string[] {
  return [...new Set(problem.errors.map(({ pointer }) => pointer))];
}

/** Repeats a request until its answer meets the condition. Fails with the last answer. */
export async function eventually<Seen>(
  what: string,
  look: () => Promise<Seen>,
  holds: (seen: Seen) => boolean,
  patienceMs = 15_000,
): Promise<Seen> {
  let last: Seen | undefined;
  const seeIfItHolds = async () => {
    const seen = await look();
    last = seen;
    return holds(seen) && { seen };
  };
  try {
    return (await vi.waitUntil(seeIfItHolds, { timeout: patienceMs, interval: 50 })).seen;
  } catch (cause) {
    throw new Error(`waited for ${what}; last saw ${JSON.stringify(last)}`, { cause });
  }
}

/** Splits a timestamp into whole seconds and microseconds, so that `10:00:00Z` and `10:00:00.000000Z` are equal. */
export function readUtc(text: unknown): { second: string; microseconds: string } {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z$/.exec(String(text));
  if (match === null) throw new Error(`not in UTC with at most six digits: ${String(text)}`);
  return { second: match[1] ?? "", microseconds: (match[2] ?? "").padEnd(6, "0") };
}
