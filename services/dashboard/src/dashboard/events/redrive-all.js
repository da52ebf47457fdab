/** @import { RedriveAnswer } from "../api/contract.d.ts" */
import { Refused } from "../api/request.js";
import { count, plural } from "../text/format.js";

/** @typedef {Record<RedriveAnswer["status"] | "refused", number>} Redriven the dead letters by what became of them */

/** The status of a dead letter that the store refused again. */
const REFUSED_AGAIN = 409;
/** The status of a dead letter that no longer exists, because another client has redriven or deleted it. */
const GONE = 404;

/**
 * Redrives dead letters one after another, because each is a transaction of the store.
 *
 * @param {AsyncIterable<string>} ids
 * @param {object} options
 * @param {(id: string) => Promise<RedriveAnswer>} options.redrive
 * @param {(redriven: Redriven) => void} options.onProgress called after each dead letter
 * @throws {Error} whatever `redrive` throws, but for a dead letter that was refused again or is gone
 */
export async function redriveAll(ids, { redrive, onProgress }) {
  const redriven = { stored: 0, duplicate: 0, conflict: 0, refused: 0 };
  for await (const id of ids) {
    try {
      redriven[(await redrive(id)).status]++;
    } catch (error) {
      if (isRefusedAgain(error)) redriven.refused++;
      else if (!(error instanceof Refused && error.status === GONE)) throw error;
    }
    onProgress(redriven);
  }
  return redriven;
}

/** @param {unknown} error */
export function isRefusedAgain(error) {
  return error instanceof Refused && error.status === REFUSED_AGAIN;
}

/** @param {Redriven} redriven */
export function describeRedriven({ stored, duplicate, conflict, refused }) {
  const tried = stored + duplicate + conflict + refused;
  const parts = [
    `${count(stored)} stored`,
    ...(duplicate > 0 ? [plural(duplicate, "duplicate")] : []),
    ...(conflict > 0 ? [plural(conflict, "conflict")] : []),
    `${count(refused)} refused again`,
  ];
  return `Tried ${plural(tried, "dead letter")} again: ${parts.join(", ")}.`;
}
