// Checks the pods of built manifests: node tools/kubernetes/main.ts FILE... ; tools/check-kubernetes builds them.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parseAllDocuments } from "yaml";
import { type Manifest, podFaults } from "./pod-faults.ts";

for (const file of process.argv.slice(2)) {
  const manifests = parseAllDocuments(readFileSync(file, "utf8")).map((document) => document.toJS() as Manifest);
  const faults = podFaults(manifests);
  for (const fault of faults) console.error(`${basename(file)}: ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
  else console.log(`${basename(file)}: ${manifests.length} manifests, and no pod may do what it should not`);
}
