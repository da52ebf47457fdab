import type { Refusal } from "@tidemark/event-store/refusal";
import type pg from "pg";
import { refusalOf, retryingRollbacks, translatingErrors } from "./errors.ts";

export async function execute(client: pg.ClientBase, text: string): Promise<void> {
  await translatingErrors(() => client.query(text));
}

/**
 * Runs statements in one transaction that ends as told, or is rolled back when one fails; all of it again when the server
 * gives it up in favour of another transaction.
 */
export function inTransaction<Result>(
  client: pg.ClientBase,
  end: "COMMIT" | "ROLLBACK",
  run: () => Promise<Result>,
): Promise<Result> {
  return retryingRollbacks(async () => {
    await execute(client, "BEGIN");
    try {
      const result = await run();
      await execute(client, end);
      return result;
    } catch (error) {
      await client.query("ROLLBACK").catch(() => undefined); // the connection may be gone: the first error says so
      throw error;
    }
  });
}

/** Runs statements inside a transaction. Where the data is refused they are undone, and the transaction goes on. */
export async function orRefusal<Result>(client: pg.ClientBase, run: () => Promise<Result>): Promise<Result | Refusal> {
  await execute(client, "SAVEPOINT attempt");
  try {
    const result = await run();
    await execute(client, "RELEASE SAVEPOINT attempt");
    return result;
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    await execute(client, "ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt");
    return refusal;
  }
}
