/** Checks the model of the protocol in `docs/model`, and that each of its twins with a mistake is found. */
import { formatTable } from "../markdown-table.ts";
import { CONFIGURATIONS, MISTAKES, SABOTEURS, type Twin } from "./configurations.ts";
import { runSpin } from "./spin.ts";

const only = process.argv.slice(2);
const isWanted = ({ name }: { name: string }) => only.length === 0 || only.includes(name);
const failures: string[] = [];

const whole = new Intl.NumberFormat("en");
const rows: string[][] = [];
for (const { name, bounds, isCycleSearch } of CONFIGURATIONS.filter(isWanted)) {
  const result = await runSpin({ bounds, search: isCycleSearch ? "cycles" : "claims" });
  const { states, transitions, depth, megabytes, seconds, broken } = result;
  if (broken !== undefined) failures.push(`${name}: "${broken.claim}" broke after ${broken.steps} steps`);
  const outcome = broken === undefined ? "holds" : `broken: ${broken.claim}`;
  const figures = [states, transitions, depth, Math.round(megabytes)].map((figure) => whole.format(figure));
  rows.push([name, outcome, ...figures, seconds.toFixed(1)]);
  console.error(rows.at(-1)?.join("  "));
}

const found: string[][] = [];
for (const twin of [...SABOTEURS, ...MISTAKES].filter(isWanted)) {
  found.push(await findTwin(twin));
  console.error(found.at(-1)?.join("  "));
}

async function findTwin({ name, define, bounds, claim, isDeep }: Twin): Promise<string[]> {
  const { broken, states, seconds } = await runSpin({ bounds, define, search: isDeep ? "claims" : "shortest" });
  if (broken?.claim !== claim) failures.push(`${name}: "${claim}" should break, and ${broken?.claim ?? "nothing"} did`);
  return [name, broken?.claim ?? "not found", String(broken?.steps ?? ""), whole.format(states), seconds.toFixed(1)];
}

console.log(formatTable(["configuration", "claims", "states", "transitions", "depth", "MB", "seconds"], rows, [0, 1]));
console.log(formatTable(["twin", "broken claim", "steps", "states", "seconds"], found, [0, 1]));
for (const failure of failures) console.error(failure);
if (failures.length > 0) process.exitCode = 1;
