import { type Durability, SAFE } from "@tidemark/domain/durability";
import { type Kysely, sql } from "kysely";
import type { Tables } from "../schema/tables.ts";

/** The settings without which PostgreSQL can lose what it has committed, or be damaged, when the power goes. */
const NEEDED = ["synchronous_commit", "fsync", "full_page_writes"] as const;

type Settings = Record<(typeof NEEDED)[number], string>;

/** `EventStore.readDurability`: reads the settings that hold for this role in this database. */
export async function readPostgresDurability(db: Kysely<Tables>): Promise<Durability> {
  const settings = await db
    .selectNoFrom(NEEDED.map((name) => sql<string>`current_setting(${sql.lit(name)})`.as(name)))
    .executeTakeFirstOrThrow();
  return durabilityOf(settings);
}

/** Each value but `off` waits for the disk of the server itself: `local`, `remote_write` and `remote_apply`, too. */
export function durabilityOf(settings: Settings): Durability {
  const findings = NEEDED.filter((name) => settings[name] === "off").map((name) => ({
    part: "store" as const,
    detail: `PostgreSQL has ${name}=off, so committed events can be lost with the power: set ${name}=on`,
  }));
  return findings.length === 0 ? SAFE : { status: "unsafe", findings };
}
