import { readTopics } from "../api/endpoints.js";
import { byId, element } from "./dom.js";

const SUGGESTED = 20;
const FIELDS = ["live-topic", "search-topic", "search-prefix"];

/** Suggests names in the fields for a topic: those that contain the text of the field, as far as the service finds them. */
export function startTopicNames() {
  const names = byId("topic-names");
  let latest = 0;

  /** @param {string} text */
  async function suggest(text) {
    const mine = ++latest;
    const { topics } = await readTopics({ contains: text, limit: SUGGESTED }).catch(() => ({ topics: [] }));
    if (mine === latest) names.replaceChildren(...topics.map(({ topic }) => element("option", { value: topic })));
  }

  for (const id of FIELDS) {
    const field = byId(id, HTMLInputElement);
    for (const type of ["focus", "input"]) field.addEventListener(type, () => suggest(field.value));
  }
}
