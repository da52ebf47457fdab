/** @import { SubscriptionAnswer } from "../api/contract.d.ts" */
import { deleteSubscription, readSubscriptions } from "../api/endpoints.js";
import { messageOf } from "../api/request.js";
import { confirmed } from "../page/confirm.js";
import { byId, setText } from "../page/dom.js";
import { createSubscriptionTable } from "./subscription-table.js";

/** Each reading counts what every subscription has not acknowledged, so the page asks less often than for the books. */
const BETWEEN_READS_MS = 5_000;
const EMPTY = "No subscriptions. A program that follows events starts one, and its position is kept here.";

/**
 * Makes the view of the durable subscriptions.
 *
 * @param {object} options
 * @param {boolean} options.mayDelete whether this page may delete, which needs the scope `admin`
 */
export function createSubscriptions({ mayDelete }) {
  const section = byId("subscriptions");
  const message = byId("subscriptions-message");
  const outcome = byId("subscriptions-outcome");
  const table = createSubscriptionTable({
    frame: byId("subscriptions-table"),
    ...(mayDelete && { remove }),
  });
  let isReading = false;
  let readAtMs = Number.NEGATIVE_INFINITY;

  async function read() {
    if (isReading) return;
    isReading = true;
    try {
      show(await readSubscriptions());
    } catch (error) {
      setText(message, `Reading the subscriptions failed: ${messageOf(error)}.`);
      message.hidden = false;
      message.classList.add("failed");
    }
    isReading = false;
    readAtMs = performance.now();
  }

  /** @param {SubscriptionAnswer[]} subscriptions */
  function show(subscriptions) {
    table.show(subscriptions);
    setText(message, EMPTY);
    message.classList.remove("failed");
    message.hidden = subscriptions.length > 0;
  }

  /** @param {string} name */
  async function remove(name) {
    const question = `Delete the subscription ${name}? Its position cannot be restored. A program that starts it again may get all events again.`;
    if (!(await confirmed(question))) return;
    try {
      await deleteSubscription(name);
      say(`Deleted the subscription ${name}.`);
      byId("content").focus({ preventScroll: true });
    } catch (error) {
      say(`${name} was not deleted: ${messageOf(error)}.`, "bad");
    }
    await read();
  }

  /** @param {string} text */
  function say(text, state = "good") {
    outcome.textContent = text;
    outcome.dataset.state = state;
  }

  return {
    open() {
      say(mayDelete ? "" : "Deleting needs a key with the scope admin.", "");
      return read();
    },
    show() {
      if (!section.hidden && performance.now() - readAtMs >= BETWEEN_READS_MS) void read();
    },
  };
}
