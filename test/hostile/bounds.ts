import type { Cost } from "./measure.ts";

const MEBIBYTE = 1024 * 1024;

/** The largest cost that a case may have. */
interface Bound {
  bytesOut: number;
  cpuSeconds: number;
  peakBytes: number;
}

// A constant covers what does not depend on the bytes: garbage of earlier cases, compilation, and the work beside them.
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
 * Returns the bound of a case: processor time by the bytes that it made the deployment read, at four times the price that
 * a byte of ordinary events has in the same run; memory at ten times these bytes; and an answer of at most 64 KiB for each
 * request, unless the case justifies more for each byte that it sent.
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
  return cost.isStuck ? [...excesses, "the deployment did not come to rest, or a process ended"] : excesses;
}
