import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const MANIFESTS = ["{shared,services,clients}/*/package.json", "{test/support,tools/programs}/package.json"];

/** A package of the workspace, as its `package.json` and its files describe it. */
export interface Package {
  name: string;
  /** The folder, relative to the root of the repository. */
  folder: string;
  /** Packages that product source may import. */
  dependencies: string[];
  /** Packages that only tests, contract suites and fixtures may import. */
  devDependencies: string[];
  imports: Import[];
}

export interface Import {
  /** The importing file, relative to the root of the repository. */
  file: string;
  isDevelopmentCode: boolean;
  specifier: string;
}

export function readPackages(): Package[] {
  const folders = MANIFESTS.flatMap((pattern) => globSync(pattern, { cwd: ROOT })).map((path) => dirname(path));
  return folders.sort().map((folder) => {
    const manifest = JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8"));
    return {
      name: manifest.name,
      folder,
      dependencies: Object.keys(manifest.dependencies ?? {}),
      devDependencies: Object.keys(manifest.devDependencies ?? {}),
      imports: readImports(folder),
    };
  });
}

/** Returns the package that a bare specifier names: `@tidemark/domain/frame` is `@tidemark/domain`. */
export function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** Returns the file that a relative specifier names, relative to the root of the repository. */
export function targetOf({ file, specifier }: Import): string {
  return relative(ROOT, join(ROOT, dirname(file), specifier));
}

function readImports(folder: string): Import[] {
  const files = globSync("**/*.{ts,js,mjs}", { cwd: join(ROOT, folder), exclude: (name) => name === "node_modules" });
  return files.sort().flatMap((name) => {
    const file = join(folder, name);
    const isDevelopmentCode = /\.(test|d)\.ts$|(^|\/)(contract|fixture|examples)\/|-fixture\.ts$|(^|\/)fake-/.test(
      name,
    );
    const text = readFileSync(join(ROOT, file), "utf8");
    return [...text.matchAll(IMPORT)].map(([, specifier = ""]) => ({ file, isDevelopmentCode, specifier }));
  });
}

/** Finds `import "x"`, `import ... from "x"`, `export ... from "x"`, `import("x")`, and modules named by URL. */
const IMPORT =
  /(?:^(?:import|export)\b[^"';]*?\bfrom\s*|^import\s*|\bimport\(\s*|\bimport\.meta\.resolve\(\s*|\bnew URL\(\s*(?="[^"\n]+\.ts", import\.meta\.url))"([^"\n]+)"/gm;
