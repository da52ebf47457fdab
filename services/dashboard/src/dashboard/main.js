//   /whoami ──▶ sign in, then
//   /stats, /health ──▶ poller ──▶ history, books, topics, sources      every two seconds, while the page is visible
//   /events/stream ──▶ live      /events, /duplicates, /dead-letters ──▶ search, conflicts, dead letters, when opened
/** @import { View } from "./page/views.js" */
import { startPoller } from "./api/poller.js";
import { createBooks } from "./books/books.js";
import { createHistory } from "./books/history.js";
import { createSources } from "./books/sources.js";
import { createTopics } from "./books/topics.js";
import { createConflicts } from "./events/conflicts.js";
import { createDeadLetters } from "./events/dead-letters.js";
import { createLive } from "./events/live.js";
import { createSearch } from "./events/search.js";
import { byId, element } from "./page/dom.js";
import { signIn } from "./page/sign-in.js";
import { startViews } from "./page/views.js";

const identity = await signIn();
const refresh = () => poller.refresh();
const history = createHistory();
/** @type {Record<string, View>} */
const views = {
  books: createBooks({ history, refresh, mayAudit: identity.topics === null }),
  topics: createTopics({ history }),
  sources: createSources(),
  live: createLive(),
  search: createSearch(),
  conflicts: createConflicts(),
  "dead-letters": createDeadLetters({ refresh, mayChange: identity.scopes.includes("admin") }),
};

startViews(views);
const poller = startPoller((observation) => {
  if (!observation.trouble) {
    history.add(observation.books);
    suggestTopics(observation.books.stats.topics);
  }
  for (const view of Object.values(views)) view.show?.(observation);
});

let suggested = "";
/** @param {string[]} busiest */
function suggestTopics(busiest) {
  const names = busiest.toSorted();
  const wanted = JSON.stringify(names);
  if (wanted === suggested) return;
  suggested = wanted;
  byId("topic-names").replaceChildren(...names.map((value) => element("option", { value })));
}
