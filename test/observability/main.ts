import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { waitFor } from "@tidemark/test-support/wait-for";
import { formatTable } from "../../tools/markdown-table.ts";
import { type QueryResult, runQueries } from "./board.ts";
import { drawBoard } from "./picture.ts";
import { Prometheus } from "./prometheus.ts";

/**
 * Checks a composed stack with the profile `observability`, which has just been started and which has no other clients:
 *
 *   every target is up, and every rule is evaluated without an error every query of Grafana's board has an answer,
 *   while events arrive no page of another site can read Prometheus through the browser of its visitor no alert fires;
 *   with the consumers stopped TidemarkNoConsumer fires; with them back no alert fires
 *
 * TIDEMARK_URL and PROMETHEUS_URL are the addresses, and `docker compose` must know the project. The exit code is 1 if a
 * condition does not come true in time. It ends with a table of the answers, or draws them into the file that is given.
 */

const { TIDEMARK_URL = "http://127.0.0.1:8080", PROMETHEUS_URL = "http://127.0.0.1:9090" } = process.env;
const LONGEST_WAIT = { timeoutMs: 120_000, intervalMs: 500 };
const SERVICES = ["consumer", "edge", "gateway", "query"];

const [picture] = process.argv.slice(2);
const prometheus = new Prometheus(PROMETHEUS_URL);
const startedAt = Date.now();
let published = 0;

const targets = await waitFor("every target to be up", targetsIfUp, LONGEST_WAIT);
report(
  `${targets.length} targets are up: ${targets
    .map(({ labels }) => labels.job)
    .sort()
    .join(", ")}`,
);

await call("/audit");
const answers = await waitFor("an answer to every query of the board", answersIfComplete, LONGEST_WAIT);
report(`${answers.length} queries of the board have an answer`);

const rules = await prometheus.rules();
const failing = rules.filter(({ health }) => health !== "ok");
if (failing.length > 0) throw new Error(`rules fail: ${JSON.stringify(failing)}`);
report(`${rules.length} rules are evaluated without an error`);

const sites = await prometheus.sitesAllowedTo("https://elsewhere.example");
if (sites !== null) throw new Error(`pages of other sites may read Prometheus: ${sites}`);
const status = await prometheus.statusUnder("elsewhere.example");
if (status !== 421) throw new Error(`Prometheus answers a request for another name: ${status}`);
report("a page of another site cannot read Prometheus");

await waitFor("no alert to fire", nothingFires, LONGEST_WAIT);
report("no alert fires");

compose("stop", "consumer");
report("docker compose stop consumer");
const alert = await waitFor(
  "TidemarkNoConsumer to fire",
  async () => (await prometheus.firing()).find(({ labels }) => labels.alertname === "TidemarkNoConsumer"),
  LONGEST_WAIT,
);
report(`TidemarkNoConsumer fires: ${alert.annotations.description}`);

compose("start", "consumer");
report("docker compose start consumer");
await waitFor("no alert to fire", nothingFires, LONGEST_WAIT);
report("no alert fires");

if (picture === undefined) process.stdout.write(`\n${describe(answers)}\n`);
else writeFileSync(picture, await drawBoard(prometheus, (Date.now() - startedAt) / 1_000));

async function targetsIfUp() {
  const targets = await prometheus.targets();
  const jobs = new Set(targets.map(({ labels }) => labels.job));
  if (SERVICES.some((service) => !jobs.has(`tidemark-${service}`)) || targets.some(({ health }) => health !== "up")) {
    throw new Error(JSON.stringify(targets.map(({ labels, health, lastError }) => ({ ...labels, health, lastError }))));
  }
  return targets;
}

/** Publishes events, so that the rates have values, and returns the answers once every query has one. */
async function answersIfComplete(): Promise<QueryResult[]> {
  published += 1;
  await publish({
    topic: "observability",
    event_id: String(published),
    timestamp: new Date().toISOString(),
    source: "check",
  });
  await publish({ topic: "observability" }); // the redrive is refused
  await call("/stats");
  const results = await runQueries(prometheus);
  const empty = results.filter(({ samples }) => samples.length === 0);
  if (empty.length > 0) throw new Error(`no answer to ${empty.map(({ expression }) => expression).join(" and to ")}`);
  return results;
}

async function nothingFires(): Promise<true> {
  const firing = await prometheus.firing();
  if (firing.length > 0) throw new Error(`firing: ${firing.map(({ labels }) => JSON.stringify(labels)).join(", ")}`);
  return true;
}

async function publish(event: object): Promise<void> {
  const headers = { "content-type": "application/json" };
  await call("/publish", { method: "POST", headers, body: JSON.stringify(event) });
}

async function call(path: string, init: RequestInit = {}): Promise<void> {
  await (await fetch(`${TIDEMARK_URL}${path}`, init)).arrayBuffer();
}

function compose(...args: string[]): void {
  execFileSync("docker", ["compose", ...args], { stdio: ["ignore", "ignore", "pipe"] });
}

function report(line: string): void {
  process.stdout.write(`${((Date.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s  ${line}\n`);
}

/** Writes the values of the board as a table with a row for each query. */
function describe(results: QueryResult[]): string {
  const rows = results.map(({ panel, expression, samples }) => {
    const values = samples.slice(0, 4).map(({ value: [, value] }) => Number(Number(value).toPrecision(3)));
    return [panel, expression.replaceAll("|", "\\|"), String(samples.length), values.join(" ")];
  });
  return formatTable(["panel", "query", "series", "values"], rows, [0, 1, 3]);
}
