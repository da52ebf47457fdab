import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROLES = readFileSync(join(import.meta.dirname, "../../deploy/postgres/roles.sql"), "utf8");

test("a role that may see the statements of other sessions sees no password of another role", () => {
  const [, session = ""] = /^([\s\S]*?)PASSWORD :/m.exec(ROLES) ?? [];

  expect(ROLES).toContain("GRANT pg_read_all_stats TO tidemark_reader");
  expect(session).toMatch(/^SET track_activities = off;$/m);
});
