import { readFileSync } from "node:fs";
import type { Family } from "./exposition.ts";

const DOCUMENT = new URL("../../docs/metrics.md", import.meta.url);

/** A row of the tables of docs/metrics.md: a metric, and the processes that have it. */
interface DocumentedMetric extends Family {
  name: string;
  /** `every process`, `gateway`, `consumer`, `query` or `edge`. */
  where: string;
}

export function readDocumented(): DocumentedMetric[] {
  const rows = readFileSync(DOCUMENT, "utf8").matchAll(/^\| `(tidemark_\w+)` \| (\w+) \|([^|]*)\|([^|]*)\|/gm);
  return [...rows].map(([, name = "", type = "", labels = "", where = ""]) => ({
    name,
    type,
    labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label).sort(),
    where: where.trim(),
  }));
}
