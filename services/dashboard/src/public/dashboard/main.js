//   /stats, /health ──▶ watch ──▶ history, books, topics, sources      every two seconds, while somebody looks
//   /events/stream ──▶ live      /events, /duplicates, /dead-letters ──▶ search, conflicts, dead letters, when opened
import { createBooks } from "./books.js";
import { createConflicts } from "./conflicts.js";
import { createDeadLetters } from "./dead-letters.js";
import { byId, element } from "./dom.js";
import { createHistory } from "./history.js";
import { createLive } from "./live.js";
import { createSearch } from "./search.js";
import { createSources } from "./sources.js";
import { createTopics } from "./topics.js";
import { startViews } from "./views.js";
import { startWatch } from "./watch.js";

const refresh = () => watch.refresh();
const history = createHistory();
const views = {
  books: createBooks({ history, refresh }),
  topics: createTopics({ history }),
  sources: createSources(),
  live: createLive(),
  search: createSearch(),
  conflicts: createConflicts(),
  "dead-letters": createDeadLetters({ refresh }),
};

startViews(views);
const watch = startWatch((known) => {
  if (known.stats && !known.trouble) {
    history.add(known.stats, known.readAt);
    offerTopics(known.stats.topics);
  }
  for (const view of [views.books, views.topics, views.sources]) view.show(known);
});

let offered = "";
function offerTopics(topics) {
  const names = [...topics].sort();
  const wanted = JSON.stringify(names);
  if (wanted === offered) return;
  offered = wanted;
  byId("topic-names").replaceChildren(...names.map((value) => element("option", { value })));
}
