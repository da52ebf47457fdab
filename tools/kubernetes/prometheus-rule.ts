import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";

const RULES = "deploy/prometheus/rules/*.rules.yml";

/** Returns the alerts of deploy/prometheus as a manifest for the Prometheus operator. */
export function prometheusRule(root: string): string {
  const files = globSync(RULES, { cwd: root }).sort();
  const groups = files.flatMap((file) => parse(readFileSync(join(root, file), "utf8")).groups);
  const manifest = {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: { name: "tidemark" },
    spec: { groups },
  };
  return `# Made from ${RULES} by \`npm run kubernetes:rules\`: change those files.\n${stringify(manifest, { lineWidth: 0 })}`;
}
