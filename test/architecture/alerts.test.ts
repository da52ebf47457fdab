import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";

const ROOT = join(import.meta.dirname, "../..");
const RULES = "deploy/prometheus/rules";
const RUNBOOKS = "docs/operations.md";
const METRICS = "docs/metrics.md";

interface Rule {
  alert?: string;
  record?: string;
  expr: string;
  labels?: { severity?: string };
  annotations?: { summary?: string; description?: string; runbook_url?: string };
}
interface RuleTest {
  alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[];
}

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const parsed = (pattern: string) =>
  globSync(`${RULES}/${pattern}`, { cwd: ROOT }).map((path) => parse(read(path), { strict: true }));

const rules: Rule[] = parsed("*.rules.yml").flatMap(({ groups }) =>
  groups.flatMap((group: { rules: Rule[] }) => group.rules),
);
const alerts = rules.filter((rule) => rule.alert !== undefined);
const names = [...new Set(alerts.map(({ alert }) => alert as string))];
const board: { panels: { title: string; targets?: { expr: string }[] }[] } = JSON.parse(
  read("deploy/grafana/boards/tidemark.json"),
);
const queries = [
  ...rules.map(({ expr }) => expr),
  ...board.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
];

/** The entries of the alerts: from each heading with an alert's name to the next heading. */
const entries = new Map(
  read(RUNBOOKS)
    .split(/^(?=#{2,3} )/m)
    .map((section): [string, string] => [/^### (Tidemark\w+)$/m.exec(section)?.[1] ?? "", section])
    .filter(([name]) => name !== ""),
);

test("every alert has an entry among the runbooks, and every entry has its alert", () => {
  expect([...entries.keys()].sort()).toEqual([...names].sort());
});

test.each([...entries])("the entry of %s begins with commands", (_, entry) => {
  expect(entry).toMatch(/^### \w+\n\n```sh\n[^`]+```\n/);
});

test.each(alerts)("$alert has a severity, a description with the value, and a link to its entry", (rule) => {
  expect(rule.labels?.severity).toMatch(/^(critical|warning)$/);
  expect(rule.annotations?.summary).toBeTruthy();
  expect(rule.annotations?.description).toContain("$value");
  expect(rule.annotations?.runbook_url).toBe(`${RUNBOOKS}#${rule.alert?.toLowerCase()}`);
});

/** For each test of the rules, whether each alert that it checks fires, in the order of the checks. */
const lives = parsed("*.test.yml")
  .flatMap(({ tests }: { tests: RuleTest[] }) => tests)
  .map(({ alert_rule_test }) => Map.groupBy(alert_rule_test, ({ alertname }) => alertname));

test.each(names)("a test of the rules sees %s silent, firing, and silent again", (name) => {
  const looks = lives.map((life) => (life.get(name) ?? []).map(({ exp_alerts = [] }) => exp_alerts.length > 0));
  expect(looks.map((look) => look.map((isFiring) => (isFiring ? "firing" : "silent")).join(" "))).toContainEqual(
    expect.stringMatching(/^silent.* firing.* silent$/),
  );
});

test("every series that rules and board read is a metric of the document or a recorded one", () => {
  const documented = new Set([...read(METRICS).matchAll(/`(tidemark_[a-z_]+)/g)].map(([, name]) => name));
  const recorded = new Set(rules.map(({ record }) => record));
  const unknown = queries
    .flatMap((query) => query.match(/[a-z_:]*tidemark_[a-z0-9_:]+/g) ?? [])
    .filter((name) => !recorded.has(name) && !documented.has(name.replace(/_(bucket|sum|count)$/, "")));
  expect([...new Set(unknown)]).toEqual([]);
});
