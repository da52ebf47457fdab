import { expect, test } from "vitest";
import { type Package, packageOf, readPackages, targetOf } from "./packages.ts";

const packages = readPackages();
const byName = new Map(packages.map((entry) => [entry.name, entry]));
const isService = ({ folder }: Package) => folder.startsWith("services/");
const isOurs = (name: string) => byName.has(name);

/** The packages of `shared`, the lowest first. Each may list only packages before it. */
const LAYERS = [
  "json",
  "domain",
  "event-log",
  "event-store",
  "http-api",
  "telemetry",
  "runtime",
  "event-log-jetstream",
  "event-store-sqlite",
  "event-store-postgres",
];

/** Vendors that only one package may import. */
const OWNERS = {
  pg: "@tidemark/event-store-postgres",
  kysely: "@tidemark/event-store-postgres",
  "better-sqlite3": "@tidemark/event-store-sqlite",
  "@nats-io/jetstream": "@tidemark/event-log-jetstream",
  "@nats-io/transport-node": "@tidemark/event-log-jetstream",
  "@opentelemetry/api": "@tidemark/telemetry",
  "@opentelemetry/sdk-trace": "@tidemark/telemetry",
  "prom-client": "@tidemark/telemetry",
};

test("every import of a package is listed in the importing package.json", () => {
  const unlisted = packages.flatMap((entry) =>
    entry.imports
      .filter(({ specifier }) => !specifier.startsWith(".") && !specifier.startsWith("node:"))
      .filter(({ specifier, isDevelopmentCode }) => {
        const allowed = isDevelopmentCode ? [...entry.dependencies, ...entry.devDependencies] : entry.dependencies;
        return ![...allowed, entry.name].includes(packageOf(specifier));
      })
      .map(({ file, specifier }) => `${file} imports ${specifier}`),
  );

  expect(unlisted).toEqual([]);
});

test("a relative import stays inside its package", () => {
  const strays = packages.flatMap((entry) =>
    entry.imports
      .filter(({ specifier }) => specifier.startsWith("."))
      .filter((found) => !targetOf(found).startsWith(`${entry.folder}/`))
      .map(({ file, specifier }) => `${file} imports ${specifier}`),
  );

  expect(strays).toEqual([]);
});

test("no package imports the main.ts of a service", () => {
  const mains = packages.flatMap(({ imports }) =>
    imports.filter(({ specifier }) => /(^|\/)main(\.ts)?$/.test(specifier)).map(({ file }) => file),
  );

  expect(mains).toEqual([]);
});

test("the packages form no circle, development dependencies included", () => {
  const circles: string[] = [];
  const visit = (name: string, path: string[]) => {
    if (path.includes(name)) circles.push([...path.slice(path.indexOf(name)), name].join(" -> "));
    else for (const next of oursOf(name)) visit(next, [...path, name]);
  };
  for (const { name } of packages) visit(name, []);

  expect([...new Set(circles)]).toEqual([]);
});

test("a package of shared lists only packages of lower layers", () => {
  const shared = packages.filter(({ folder }) => folder.startsWith("shared/"));
  expect(shared.map(({ folder }) => folder.slice("shared/".length)).sort()).toEqual(LAYERS.toSorted());

  const upward = shared.flatMap(({ name, dependencies }) =>
    dependencies
      .filter((other) => isOurs(other) && layerOf(other) >= layerOf(name))
      .map((other) => `${name} -> ${other}`),
  );
  expect(upward).toEqual([]);
});

test("no service lists another service, except single", () => {
  const listed = packages
    .filter((entry) => isService(entry) && entry.name !== "@tidemark/single")
    .flatMap(({ name, dependencies, devDependencies }) =>
      [...dependencies, ...devDependencies]
        .filter((other) => other !== "@tidemark/dashboard") // static files that query serves
        .filter((other) => isOurs(other) && isService(byName.get(other) as Package))
        .map((other) => `${name} -> ${other}`),
    );

  expect(listed).toEqual([]);
});

test("each vendor is imported by one package", () => {
  for (const [vendor, owner] of Object.entries(OWNERS)) {
    const owners = packages.filter(({ folder, dependencies }) => isProduct(folder) && dependencies.includes(vendor));
    expect(
      owners.map(({ name }) => name),
      vendor,
    ).toEqual([owner]);
  }
});

test.each(["@tidemark/gateway", "@tidemark/publisher"])("%s reaches no database", (name) => {
  const reached = [...reachableFrom(name)];

  expect(reached.filter((other) => ["pg", "kysely", "better-sqlite3"].includes(other))).toEqual([]);
});

function oursOf(name: string): string[] {
  const entry = byName.get(name);
  return [...(entry?.dependencies ?? []), ...(entry?.devDependencies ?? [])].filter(isOurs);
}

function reachableFrom(name: string, found = new Set<string>()): Set<string> {
  for (const next of byName.get(name)?.dependencies ?? []) {
    if (found.has(next)) continue;
    found.add(next);
    reachableFrom(next, found);
  }
  return found;
}

/** The layer of a package of shared. -1 for any other package, which no package of shared may list. */
function layerOf(name: string): number {
  const layer = LAYERS.indexOf(name.slice("@tidemark/".length));
  return layer < 0 ? LAYERS.length : layer;
}

function isProduct(folder: string): boolean {
  return /^(shared|services|clients)\//.test(folder);
}
