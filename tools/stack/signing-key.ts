import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Returns the key that signs cursors and receipts. The key is created once and kept in the data folder, so that cursors
 * and receipts stay valid.
 */
export async function readOrMakeSigningKey(dataDir: string): Promise<string> {
  const path = join(dataDir, "signing-key");
  await mkdir(dataDir, { recursive: true });
  // Only the first start creates it, because `wx` fails if the file exists.
  await writeFile(path, randomBytes(32).toString("hex"), { mode: 0o600, flag: "wx" }).catch((error) => {
    if (error.code !== "EEXIST") throw error;
  });
  return readFile(path, "utf8");
}
