/** Checks the model of the protocol in `docs/model`, and that each of its twins with a mistake is found. */
import { availableParallelism } from "node:os";
import { formatTable } from "../markdown-table.ts";
import { CONFIGURATIONS, type Configuration, MISTAKES, SABOTEURS, type Twin } from "./configurations.ts";
import { runSpin } from "./spin.ts";

const only = process.argv.slice(2);
const isWanted = ({ name }: { name: string }) => only.length === 0 || only.includes(name);
const failures: string[] = [];

const whole = new Intl.NumberFormat("en");
const rows = await mapInParallel(CONFIGURATIONS.filter(isWanted), checkConfiguration);
const found = await mapInParallel([...SABOTEURS, ...MISTAKES].filter(isWanted), findTwin);

async function checkConfiguration({ name, bounds, isCycleSearch }: Configuration): Promise<string[]> {
  const result = await runSpin({ bounds, search: isCycleSearch ? "cycles" : "claims" });
  const { states, transitions, depth, megabytes, seconds, broken } = result;
  if (broken !== undefined) failures.push(`${name}: "${broken.claim}" broke after ${broken.steps} steps`);
  const outcome = broken === undefined ? "holds" : `broken: ${broken.claim}`;
  const figures = [states, transitions, depth, Math.round(megabytes)].map((figure) => whole.format(figure));
  return [name, outcome, ...figures, seconds.toFixed(1)];
}

async function findTwin({ name, define, bounds, claim, isDeep }: Twin): Promise<string[]> {
  const { broken, states, seconds } = await runSpin({ bounds, define, search: isDeep ? "claims" : "shortest" });
  if (broken?.claim !== claim) failures.push(`${name}: "${claim}" should break, and ${broken?.claim ?? "nothing"} did`);
  return [name, broken?.claim ?? "not found", String(broken?.steps ?? ""), whole.format(states), seconds.toFixed(1)];
}

/** Makes a row of each item, two at a time: a search uses one core and up to 3.5 GB. Prints each row when it is there. */
async function mapInParallel<Item>(items: Item[], makeRow: (item: Item) => Promise<string[]>): Promise<string[][]> {
  const rows: string[][] = [];
  const queue = items.entries();
  const work = async () => {
    for (const [index, item] of queue) {
      const row = await makeRow(item);
      rows[index] = row;
      console.error(row.join("  "));
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work));
  return rows;
}

console.log(formatTable(["configuration", "claims", "states", "transitions", "depth", "MB", "seconds"], rows, [0, 1]));
console.log(formatTable(["twin", "broken claim", "steps", "states", "seconds"], found, [0, 1]));
for (const failure of failures) console.error(failure);
if (failures.length > 0) process.exitCode = 1;
