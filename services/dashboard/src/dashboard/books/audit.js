/** @import { AuditAnswer } from "../api/contract.d.ts" */
import { readAudit } from "../api/endpoints.js";
import { messageOf } from "../api/request.js";
import { byId, setText } from "../page/dom.js";
import { plural, span } from "../text/format.js";

/**
 * Starts an audit at each press of the button, and shows its result.
 *
 * @param {{ refresh: () => void, mayAudit: boolean }} options `refresh` is called after each audit. Without `mayAudit` the
 *   button is hidden, because the service would refuse the audit.
 */
export function startAuditButton({ refresh, mayAudit }) {
  const button = byId("audit", HTMLButtonElement);
  button.hidden = !mayAudit;
  const outcome = byId("audit-outcome");
  button.addEventListener("click", async () => {
    button.disabled = true;
    setText(outcome, "Counting every row …");
    try {
      setText(outcome, describeAudit(await readAudit()));
    } catch (error) {
      setText(outcome, `The audit failed: ${messageOf(error)}.`);
    }
    button.disabled = false;
    refresh();
  });
}

/** @param {AuditAnswer} audit */
export function describeAudit({ balanced, counted, duration_ms, differences, differences_total }) {
  if (balanced) {
    const found = `${plural(counted.unique, "event")} and ${plural(counted.duplicates, "duplicate")}`;
    return `Balanced: ${found} counted in ${span(duration_ms / 1_000)}.`;
  }
  const [first] = differences;
  return first === undefined
    ? "Not balanced: the duplicates by source differ."
    : `Not balanced: differences in ${plural(differences_total, "topic")}, the first one is ${first.topic}.`;
}
