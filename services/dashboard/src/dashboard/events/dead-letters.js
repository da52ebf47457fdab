import { readJson } from "../api/request.js";
import { confirmed } from "../page/confirm.js";
import { byId, element } from "../page/dom.js";
import { createPagedList } from "../page/paged-list.js";
import { localTime, plural } from "../text/format.js";
import { members } from "../text/json-text.js";
import { fact, jsonBlock } from "./event-view.js";

const OUTCOMES = {
  stored: "The store took it: it is unique now.",
  duplicate: "It was stored meanwhile: it is a duplicate now.",
  conflict: "Another content was stored meanwhile: it is a conflict now.",
};

export function createDeadLetters({ refresh }) {
  const outcome = byId("dead-letters-outcome");
  const list = createPagedList({
    frame: byId("dead-letters-list"),
    member: "dead_letters",
    empty: "No dead letters: the store refused nothing that is still here.",
    render: letterCard,
  });

  function letterCard(text) {
    const letter = members(text);
    const string = (name) => JSON.parse(letter.get(name));
    const id = string("id");
    const buttons = [
      element("button", { type: "button", click: () => redrive(id, card) }, "Try again"),
      element("button", { type: "button", class: "danger", click: () => remove(id, card) }, "Delete …"),
    ];
    const events = Number(letter.get("events"));
    const card = element(
      "article",
      { class: "card letter" },
      element("h2", {}, letter.has("topic") ? string("topic") : "Topic not readable"),
      element(
        "dl",
        { class: "facts" },
        ...fact("Refused with", string("code")),
        ...fact("Because", string("reason")),
        ...fact(
          "Dead since",
          `${localTime(string("dead_at"))}, tried ${plural(Number(letter.get("attempts")), "time")}`,
        ),
        ...(events === 1 ? [] : fact("Stands for", plural(events, "event"))),
      ),
      ...jsonBlock("As it came", letter.get("event")),
      element("p", { class: "actions" }, ...buttons),
    );
    return card;
  }

  const redrive = (id, card) =>
    act(card, async () => {
      const { status } = await readJson(`/dead-letters/${encodeURIComponent(id)}/redrive`, { method: "POST" });
      return OUTCOMES[status];
    });

  async function remove(id, card) {
    if (!(await confirmed("Delete this dead letter? Its content is gone for good; it stays counted as dead."))) return;
    await act(card, async () => {
      await readJson(`/dead-letters/${encodeURIComponent(id)}`, { method: "DELETE" });
      return "Deleted.";
    });
  }

  async function act(card, run) {
    const buttons = card.querySelectorAll("button");
    for (const button of buttons) button.disabled = true;
    try {
      say(await run());
      card.remove();
      byId("content").focus({ preventScroll: true });
    } catch (error) {
      say(`It stays: ${error.message}.`, "bad");
      for (const button of buttons) button.disabled = false;
    }
    refresh();
  }

  function say(text, state = "good") {
    outcome.textContent = text;
    outcome.dataset.state = state;
  }

  return {
    open() {
      say("");
      return list.read("/dead-letters", { limit: "20" });
    },
  };
}
