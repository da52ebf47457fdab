/**
 * The roles of a local server, like those of deploy/postgres/roles.sql, with a password for servers that listen only on
 * loopback.
 */
const LOCAL_PASSWORD = "local";

/**
 * Creates the roles to which shared/event-store-postgres/src/schema/grants.sql gives rights. Repeating it is harmless.
 */
export const CREATE_LOCAL_ROLES = ["tidemark_writer", "tidemark_reader"]
  .map(
    (role) => `DO $$ BEGIN
      CREATE ROLE ${role} LOGIN PASSWORD '${LOCAL_PASSWORD}';
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$`,
  )
  .concat("GRANT pg_read_all_stats TO tidemark_reader")
  .join(";");

/** Returns the URL of a local database for another role. */
export function urlOfRole(url: string, role: "tidemark_writer" | "tidemark_reader"): string {
  const parsed = new URL(url);
  parsed.username = role;
  parsed.password = LOCAL_PASSWORD;
  return parsed.toString();
}

/**
 * Replaces the owner of a local server in a URL with the role of the query service. Each query service that a test or
 * `npm run stack` starts therefore has only the rights of a reader.
 */
export function databaseUrlOfPart(url: string, part: string): string {
  const { username, password } = new URL(url);
  const isLocalOwner = username === "tidemark" && password === "tidemark";
  return isLocalOwner && part === "query" ? urlOfRole(url, "tidemark_reader") : url;
}
