/** @import { HealthAnswer } from "../api/contract.d.ts" */
/** @import { Silences } from "../api/silences.js" */
import { clock, span } from "../text/format.js";

/**
 * Tells since when a part is silent: since the last heartbeat of its process that fell silent last, or, if the service has
 * heard of none, at least since this page first saw the silence. Heartbeats come through the log, so a silence of the log
 * begins with the last heartbeat of any process.
 *
 * @param {keyof Silences} part
 * @param {{ health: HealthAnswer, silence: number | undefined, now: number }} known
 */
export function describeSilence(part, { health, silence, now }) {
  const last = health.missing.find((process) => part === "log" || process.part === part);
  if (last) {
    // Both times are of the service, whose clock may differ from that of this computer.
    const seconds = (Date.parse(health.timestamp) - Date.parse(last.silent_since)) / 1_000;
    return `since ${clock(last.silent_since)} (${span(Math.max(0, Math.round(seconds)))})`;
  }
  return silence === undefined ? "for 5 s" : `for at least ${span(Math.max(5, Math.round((now - silence) / 1_000)))}`;
}
