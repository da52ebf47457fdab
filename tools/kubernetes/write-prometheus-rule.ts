import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { prometheusRule } from "./prometheus-rule.ts";

const ROOT = join(import.meta.dirname, "../..");

writeFileSync(join(ROOT, "deploy/kubernetes/components/monitoring/prometheus-rule.yaml"), prometheusRule(ROOT));
