import type { Cost } from "./measure.ts";

const MEBIBYTE = 1024 * 1024;

/** The largest cost that a case may have. */
interface Bound {
  bytesOut: number;
  cpuSeconds: number;
  peakBytes: number;
}

// A constant covers costs that do not depend on the bytes: garbage of earlier cases, compilation, and background work.
const ANY_CPU_SECONDS = 0.75;
const ANY_PEAK_BYTES = 128 * MEBIBYTE;
const TIMES_REFERENCE = 4;
const BYTES_PER_BYTE = 10;
const MAX_ANSWER_BYTES = 66 * 1024; // with its headers

interface BoundOptions {
  /** The cost of ordinary events in the same run. */
  reference: Cost;
  /** The bytes of an answer that a byte of the request justifies. Default: none. */
  answerBytesPerByte?: number | undefined;
}

/**
 * Returns the bound of a case. Processor time may be four times that of ordinary events in the same run, for the bytes
 * that the deployment had to read. Memory may be ten times these bytes. The answer to each request may have 64 KiB,
 * unless the case justifies more for each byte that it sent.
 */
function boundOf(cost: Cost, { reference, answerBytesPerByte = 0 }: BoundOptions): Bound {
  const requests = [...cost.statuses.values()].reduce((sum, count) => sum + count, 0);
  const secondsPerByte = reference.cpuSeconds / reference.readBytes;
  return {
    bytesOut: Math.max(requests * MAX_ANSWER_BYTES, answerBytesPerByte * cost.bytesIn),
    cpuSeconds: ANY_CPU_SECONDS + TIMES_REFERENCE * secondsPerByte * cost.readBytes,
    peakBytes: ANY_PEAK_BYTES + BYTES_PER_BYTE * cost.readBytes,
  };
}

/** Lists the bounds that a case exceeds. */
export function excessesOf(cost: Cost, options: BoundOptions): string[] {
  const bound = boundOf(cost, options);
  const measures = ["bytesOut", "cpuSeconds", "peakBytes"] as const;
  const excesses = measures
    .filter((measure) => cost[measure] > bound[measure])
    .map((measure) => `${measure} ${cost[measure]} is more than ${bound[measure]}`);
  return cost.isStuck ? [...excesses, "the deployment did not finish its work, or a process ended"] : excesses;
}
