//   /stats, /health ──▶ watch ──▶ history, books, topics, sources      every two seconds, while somebody looks
//   /events/stream ──▶ live      /events, /duplicates, /dead-letters ──▶ search, conflicts, dead letters, when opened

import { startWatch } from "./api/poller.js";
import { createBooks } from "./books/books.js";
import { createHistory } from "./books/history.js";
import { createSources } from "./books/sources.js";
import { createTopics } from "./books/topics.js";
import { createConflicts } from "./events/conflicts.js";
import { createDeadLetters } from "./events/dead-letters.js";
import { createLive } from "./events/live.js";
import { createSearch } from "./events/search.js";
import { byId, element } from "./page/dom.js";
import { startViews } from "./page/views.js";

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
