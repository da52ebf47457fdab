import { isOfMissing, unreachable } from "./errors.ts";

/**
 * Runs what may meet a database without the tables it needs, and tells one that has none yet from one that has those of
 * another release: waiting for a consumer to start mends only the first.
 *
 * @param ask runs a query on that database
 */
export async function explainingMissing<Result>(
  ask: (query: string) => Promise<{ rows: unknown[] }>,
  run: () => Promise<Result>,
): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (!isOfMissing(error)) throw error;
    const { rows } = await ask("SELECT name FROM migrations LIMIT 1").catch(() => ({ rows: [] }));
    if (rows.length === 0) throw error;
    throw unreachable("the database has the tables of another release", error.cause);
  }
}
