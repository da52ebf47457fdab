import { readFileSync } from "node:fs";

/** The version of this release. The package.json at the root of the repository is the only file that states it. */
export const VERSION: string = JSON.parse(
  readFileSync(new URL("../../../package.json", import.meta.url), "utf8"),
).version;
