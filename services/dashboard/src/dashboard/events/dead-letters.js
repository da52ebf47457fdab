/** @import { RedriveAnswer } from "../api/contract.d.ts" */
/** @import { Observation } from "../api/poller.js" */
/** @import { Members } from "../text/json-text.js" */
import { deleteDeadLetter, readDeadLetterIds, redriveDeadLetter } from "../api/endpoints.js";
import { messageOf } from "../api/request.js";
import { confirmed } from "../page/confirm.js";
import { byId, element } from "../page/dom.js";
import { createPagedList } from "../page/paged-list.js";
import { plural, zonedTime } from "../text/format.js";
import { members, stringOf, textOf } from "../text/json-text.js";
import { fact, jsonBlock } from "./facts.js";
import { describeRedriven, isRefusedAgain, redriveAll } from "./redrive-all.js";

const PAGE = { limit: "20" };

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
  const all = byId("redrive-all", HTMLButtonElement);
  all.addEventListener("click", tryAll);
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
   * Runs an action on a dead letter. Removes its card if the action succeeds, and else says on the card why it did not.
   *
   * @param {HTMLElement} card
   * @param {() => Promise<string>} run resolves with the sentence to show
   */
  async function act(card, run) {
    const buttons = card.querySelectorAll("button");
    for (const button of buttons) button.disabled = true;
    const name = card.querySelector("h2")?.textContent;
    try {
      say(`${name}: ${await run()}`);
      card.remove();
      byId("content").focus({ preventScroll: true });
    } catch (error) {
      if (isRefusedAgain(error)) countAttempt(card);
      say("", "");
      showFailure(card, `Still a dead letter: ${messageOf(error)}.`);
      for (const button of buttons) button.disabled = false;
    }
    refresh();
  }

  /** Tries every dead letter again, also those that the page has not read. */
  async function tryAll() {
    all.disabled = true;
    say("Trying all dead letters again …", "");
    try {
      const redriven = await redriveAll(readDeadLetterIds(), {
        redrive: redriveDeadLetter,
        onProgress: (soFar) => say(describeRedriven(soFar), ""),
      });
      say(describeRedriven(redriven));
    } catch (error) {
      say(`Trying all again ended early: ${messageOf(error)}.`, "bad");
    }
    all.disabled = false;
    refresh();
    await list.read("dead-letters", PAGE);
  }

  /** @param {string} text */
  function say(text, state = "good") {
    outcome.textContent = text;
    outcome.dataset.state = state;
  }

  return {
    open() {
      say(mayChange ? "" : "Trying again and deleting need a key with the scope admin.", "");
      return list.read("dead-letters", PAGE);
    },
    /** @param {Observation} observation */
    show({ books }) {
      all.hidden = !mayChange || books?.oldestDeadLetterAt === undefined;
    },
  };
}

/** @param {HTMLElement} card */
function countAttempt(card) {
  const attempts = Number(card.dataset.attempts) + 1;
  card.dataset.attempts = String(attempts);
  const shown = card.querySelector(".attempts");
  if (shown) shown.textContent = plural(attempts, "attempt");
}

/**
 * @param {HTMLElement} card
 * @param {string} text
 */
function showFailure(card, text) {
  const shown = card.querySelector(".outcome");
  if (shown) shown.textContent = text;
}

/**
 * Returns what names a dead letter: its topic and the id of its event, as far as they can be read.
 *
 * @param {Members} letter
 */
function nameOf(letter) {
  const topic = letter.has("topic") ? stringOf(letter, "topic") : "Unreadable topic";
  const event = textOf(letter, "event");
  const id = event.startsWith("{") ? members(event).get("event_id") : undefined;
  return id?.startsWith('"') ? `${topic} / ${JSON.parse(id)}` : topic;
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
    { class: "card dead-letter", "data-attempts": attempts },
    element("h2", {}, nameOf(letter)),
    element(
      "dl",
      { class: "facts" },
      ...fact("Error code", stringOf(letter, "code")),
      ...fact("Reason", stringOf(letter, "reason")),
      ...fact("Since", zonedTime(stringOf(letter, "dead_at"))),
      element("dt", {}, "Tried"),
      element("dd", { class: "attempts" }, plural(attempts, "attempt")),
      ...(events === 1 ? [] : fact("Events", plural(events, "event"))),
    ),
    ...jsonBlock("Event as received", textOf(letter, "event")),
    actions &&
      element(
        "p",
        { class: "actions" },
        element("button", { type: "button", click: () => actions.redrive(id, card) }, "Try again"),
        element("button", { type: "button", class: "danger", click: () => actions.remove(id, card) }, "Delete …"),
        element("span", { class: "outcome", role: "status", "data-state": "bad" }),
      ),
  );
  return card;
}
