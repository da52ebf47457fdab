import { type Durability, SAFE } from "@tidemark/domain/durability";
import { type Kysely, sql } from "kysely";
import { translatingErrors } from "../connection/errors.ts";

/** Settings without which PostgreSQL can lose what it has committed, or be damaged, when the power goes. */
const NEEDED = ["synchronous_commit", "fsync", "full_page_writes"] as const;

type Settings = Record<(typeof NEEDED)[number], string>;

/**
 * Whether commits survive the loss of power, by the settings that hold for this role in this database.
 *
 * @throws {Unavailable} `store_unreachable`
 */
export async function readPostgresDurability(database: Pick<Kysely<unknown>, "getExecutor">): Promise<Durability> {
  const names = sql.join(NEEDED.map((name) => sql`current_setting(${sql.lit(name)}) AS ${sql.ref(name)}`));
  const { rows } = await translatingErrors(() => sql<Settings>`SELECT ${names}`.execute(database));
  return judgeSettings(rows[0] as Settings);
}

/** Each value but `off` waits for the server's own disk: `local`, `remote_write` and `remote_apply` too. */
export function judgeSettings(settings: Settings): Durability {
  const findings = NEEDED.filter((name) => settings[name] === "off").map((name) => ({
    part: "store" as const,
    detail: `PostgreSQL has ${name}=off, so committed events can be lost with the power: set ${name}=on`,
  }));
  return findings.length === 0 ? SAFE : { status: "unsafe", findings };
}
