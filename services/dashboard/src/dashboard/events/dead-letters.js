/** @import { RedriveAnswer } from "../api/contract.d.ts" */
import { deleteDeadLetter, redriveDeadLetter } from "../api/endpoints.js";
import { messageOf } from "../api/request.js";
import { confirmed } from "../page/confirm.js";
import { byId, element } from "../page/dom.js";
import { createPagedList } from "../page/paged-list.js";
import { localTime, plural } from "../text/format.js";
import { members, stringOf, textOf } from "../text/json-text.js";
import { fact, jsonBlock } from "./facts.js";

/** @type {Record<RedriveAnswer["status"], string>} */
const OUTCOMES = {
  stored: "The store accepted the event: it is stored now.",
  duplicate: "The same event has been stored meanwhile: this one is a duplicate now.",
  conflict: "An event with other content has been stored meanwhile: this one is a conflict now.",
};

/**
 * @param {object} options
 * @param {() => void} options.refresh called after each action
 * @param {boolean} options.mayChange whether this page may redrive and delete, which needs the scope `admin`
 */
export function createDeadLetters({ refresh, mayChange }) {
  const outcome = byId("dead-letters-outcome");
  const list = createPagedList({
    frame: byId("dead-letters-list"),
    member: "dead_letters",
    empty: "No dead letters.",
    render: (json) => deadLetterCard(json, mayChange ? { redrive, remove } : undefined),
  });

  /**
   * @param {string} id
   * @param {HTMLElement} card
   */
  const redrive = (id, card) => act(card, async () => OUTCOMES[(await redriveDeadLetter(id)).status]);

  /**
   * @param {string} id
   * @param {HTMLElement} card
   */
  async function remove(id, card) {
    if (!(await confirmed("Delete this dead letter? Its content cannot be restored. It stays counted."))) return;
    await act(card, async () => {
      await deleteDeadLetter(id);
      return "Deleted.";
    });
  }

  /**
   * Runs an action on a dead letter. Removes its card if the action succeeds.
   *
   * @param {HTMLElement} card
   * @param {() => Promise<string>} run resolves with the sentence to show
   */
  async function act(card, run) {
    const buttons = card.querySelectorAll("button");
    for (const button of buttons) button.disabled = true;
    try {
      say(await run());
      card.remove();
      byId("content").focus({ preventScroll: true });
    } catch (error) {
      say(`Still a dead letter: ${messageOf(error)}.`, "bad");
      for (const button of buttons) button.disabled = false;
    }
    refresh();
  }

  /** @param {string} text */
  function say(text, state = "good") {
    outcome.textContent = text;
    outcome.dataset.state = state;
  }

  return {
    open() {
      say(mayChange ? "" : "Trying again and deleting need a key with the scope admin.", "");
      return list.read("dead-letters", { limit: "20" });
    },
  };
}

/** @typedef {(id: string, card: HTMLElement) => void} Action */

/**
 * @param {string} json the JSON text of the dead letter
 * @param {{ redrive: Action, remove: Action }} [actions] absent if this page may not change it
 */
function deadLetterCard(json, actions) {
  const letter = members(json);
  const id = stringOf(letter, "id");
  const events = Number(textOf(letter, "events"));
  const attempts = Number(textOf(letter, "attempts"));
  const card = element(
    "article",
    { class: "card dead-letter" },
    element("h2", {}, letter.has("topic") ? stringOf(letter, "topic") : "Unreadable topic"),
    element(
      "dl",
      { class: "facts" },
      ...fact("Error code", stringOf(letter, "code")),
      ...fact("Reason", stringOf(letter, "reason")),
      ...fact("Since", `${localTime(stringOf(letter, "dead_at"))}, after ${plural(attempts, "attempt")}`),
      ...(events === 1 ? [] : fact("Events", plural(events, "event"))),
    ),
    ...jsonBlock("Event as received", textOf(letter, "event")),
    actions &&
      element(
        "p",
        { class: "actions" },
        element("button", { type: "button", click: () => actions.redrive(id, card) }, "Try again"),
        element("button", { type: "button", class: "danger", click: () => actions.remove(id, card) }, "Delete …"),
      ),
  );
  return card;
}
