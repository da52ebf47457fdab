import { execFile } from "node:child_process";
import { access, mkdir, rename, rm } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { startSingle, startStack } from "./start-products.ts";

/** The functions that start the products of a commit. Every commit since 43a838b has them in this module. */
export interface Starters {
  startSingle: typeof startSingle;
  startStack: typeof startStack;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const run = promisify(execFile);

/**
 * Checks a commit out under data/against and installs what it needs, if that was not done before. Its products are
 * started by its own benchmark, with its flags, roles and settings.
 *
 * @throws {Error} if Git does not know the commit, or the installation fails
 */
export async function startersOf(commit: string): Promise<Starters> {
  const { stdout } = await run("git", ["rev-parse", "--verify", "--short", `${commit}^{commit}`], { cwd: ROOT });
  const checkout = `${ROOT}data/against/${stdout.trim()}`;
  if (!(await exists(checkout))) await checkOut(stdout.trim(), checkout);
  return (await import(pathToFileURL(`${checkout}/load/bench/start-products.ts`).href)) as Starters;
}

async function checkOut(commit: string, checkout: string): Promise<void> {
  const unfinished = `${checkout}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  const archive = `${checkout}.tar`;
  await run("git", ["archive", "--output", archive, commit], { cwd: ROOT });
  await run("tar", ["-xf", archive, "-C", unfinished]);
  await rm(archive);
  await run("npm", ["run", "-s", "setup"], { cwd: unfinished });
  await rename(unfinished, checkout);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
