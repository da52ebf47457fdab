import { type Durability, SAFE } from "@tidemark/domain/durability";
import { type Kysely, sql } from "kysely";
import type { Tables } from "../schema/tables.ts";

/** The settings without which a power failure can damage the database or lose commits. */
const NEEDED = ["synchronous_commit", "fsync", "full_page_writes"] as const;

type Settings = Record<(typeof NEEDED)[number], string>;

/** `EventStore.readDurability`: reads the settings that hold for this role in this database. */
export async function readPostgresDurability(db: Kysely<Tables>): Promise<Durability> {
  const settings = await db
    .selectNoFrom(NEEDED.map((name) => sql<string>`current_setting(${sql.lit(name)})`.as(name)))
    .executeTakeFirstOrThrow();
  return durabilityOf(settings);
}

/**
 * Every value except `off` waits for the disk of the server itself, including `local`, `remote_write` and
 * `remote_apply`.
 */
export function durabilityOf(settings: Settings): Durability {
  const findings = NEEDED.filter((name) => settings[name] === "off").map((name) => ({
    part: "store" as const,
    detail: `PostgreSQL has ${name}=off, so committed events can be lost with the power: set ${name}=on`,
  }));
  return findings.length === 0 ? SAFE : { status: "unsafe", findings };
}
