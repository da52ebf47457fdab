//   well-behaved client, one address ──▶ service ◀── abusive clients of other addresses, in a separate process
import { fork } from "node:child_process";
import { once } from "node:events";
import { commandLineOrExit } from "@tidemark/runtime/command-line";
import { formatNumber, formatRatio } from "../figures/figures.ts";
import { type Observation, observe } from "./bystander.ts";
import { ABUSE_COMMAND } from "./options.ts";

const { url, seconds, clients, idle, abuserAddresses, address, json } = commandLineOrExit(ABUSE_COMMAND);
const apiKey = process.env.API_KEY || undefined;
const bystander = { url, address, apiKey };

await observe(bystander, 1); // the first requests of a process are slow
const alone = await observe(bystander, seconds);
const abusers = fork(new URL("./abusers.process.ts", import.meta.url), { execArgv: [] });
const targets = abuserAddresses.map((from) => ({ url, address: from, apiKey }));
abusers.send({ targets, clients, idle });
await once(abusers, "message"); // the abusive clients are at work
const beside = await observe(bystander, seconds);
abusers.send({});
const [outcomes] = await once(abusers, "message");
abusers.disconnect();

const failures = [...alone.failures, ...beside.failures];
if (json) process.stdout.write(`${JSON.stringify({ alone, beside, outcomes })}\n`);
else {
  process.stdout.write(
    [
      describe("alone", alone),
      describe(`beside ${clients} abusive clients and ${idle} idle connections`, beside),
      `p99 beside them / alone: ${formatRatio(beside.p99Ms, alone.p99Ms)}`,
      `answers to the abusive clients: ${JSON.stringify(outcomes)}`,
      ...failures.slice(0, 20),
      "",
    ].join("\n"),
  );
}
process.exitCode = failures.length === 0 ? 0 : 1;

function describe(phase: string, { requests, failures, p50Ms, p99Ms }: Observation): string {
  return `${phase}: ${requests} requests, ${failures.length} failed, p50 ${formatNumber(p50Ms)} ms, p99 ${formatNumber(p99Ms)} ms`;
}
