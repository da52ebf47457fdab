/** @import { HistoryAnswer } from "../api/contract.d.ts" */

/**
 * The events per second in a time: `from` is its beginning and `at` its end.
 *
 * @typedef {{ from: number, at: number, stored: number, duplicates: number }} Rate
 */

/**
 * Services that started in a step of the history: `at` is the beginning of the step.
 *
 * @typedef {{ at: number, text: string }} Start
 */

/**
 * Returns the rates of the steps of an answer. The last step has not ended yet.
 *
 * @param {HistoryAnswer} answer
 * @param {number} now
 * @returns {Rate[]}
 */
export function ratesOf({ steps, step_seconds }, now) {
  return steps.map(({ start, stored, duplicates }) => {
    const from = Date.parse(start);
    const at = Math.max(from + 1_000, Math.min(from + step_seconds * 1_000, now));
    const seconds = (at - from) / 1_000;
    return { from, at, stored: stored / seconds, duplicates: duplicates / seconds };
  });
}

/**
 * Returns the starts of services, those of a step together.
 *
 * @param {HistoryAnswer} answer
 * @returns {Start[]}
 */
export function startsOf({ starts }) {
  /** @type {Map<number, string[]>} */
  const byStep = new Map();
  for (const { start, service, count } of starts) {
    const at = Date.parse(start);
    byStep.set(at, [...(byStep.get(at) ?? []), count > 1 ? `${service} (${count} times)` : service]);
  }
  return Array.from(byStep, ([at, services]) => ({ at, text: `started: ${services.join(", ")}` }));
}

/**
 * Returns the rate between two answers of /stats.
 *
 * @param {{ at: number, stored: number, duplicates: number }} before
 * @param {{ at: number, stored: number, duplicates: number }} after
 * @returns {Rate}
 */
export function rateBetween(before, after) {
  /** @param {"stored" | "duplicates"} name */
  const perSecond = (name) => (Math.max(0, after[name] - before[name]) * 1_000) / (after.at - before.at);
  return { from: before.at, at: after.at, stored: perSecond("stored"), duplicates: perSecond("duplicates") };
}
