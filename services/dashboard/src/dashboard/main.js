//   /whoami ──▶ sign in, then
//   /stats, /health ──▶ poller ──▶ history, books, topics, sources      every two seconds, while the page is visible
//   /topics ──▶ topics, and the names that fields suggest
//   /stats/history ──▶ history      for the range that the plot shows, and once for each topic that is shown
//   /events/stream ──▶ live      /events, /duplicates, /dead-letters ──▶ search, conflicts, dead letters, when opened
//   /subscriptions ──▶ subscriptions      every five seconds while they are shown, else twice a minute
/** @import { WhoamiAnswer } from "./api/contract.d.ts" */
/** @import { View } from "./page/views.js" */
import { startPoller } from "./api/poller.js";
import { createBooks } from "./books/books.js";
import { createSources } from "./books/sources.js";
import { createTopics } from "./books/topics.js";
import { createConflicts } from "./events/conflicts.js";
import { createDeadLetters } from "./events/dead-letters.js";
import { createLive } from "./events/live.js";
import { createSearch } from "./events/search.js";
import { startKeyboard } from "./page/keyboard.js";
import { showUnreadable, signIn } from "./page/sign-in.js";
import { startTopicNames } from "./page/topic-names.js";
import { startViews, viewAddress } from "./page/views.js";
import { createHistory } from "./rates/history.js";
import { createSubscriptions } from "./subscriptions/subscriptions.js";

const identity = await signIn();
if (identity.scopes.includes("read")) startDashboard(identity);
else showUnreadable();

/** @param {WhoamiAnswer} identity */
function startDashboard({ scopes, topics }) {
  const refresh = () => poller.refresh();
  const history = createHistory();
  /** @type {Record<string, View>} */
  const views = {
    books: createBooks({ history, refresh, mayAudit: topics === null }),
    topics: createTopics({ history, refresh }),
    sources: createSources({ refresh }),
    live: createLive(),
    search: createSearch(),
    conflicts: createConflicts(),
    "dead-letters": createDeadLetters({ refresh, mayChange: scopes.includes("admin") }),
    subscriptions: createSubscriptions({ mayDelete: scopes.includes("admin") }),
  };

  const poller = startPoller(
    (observation) => {
      if (!observation.trouble) history.add(observation.books);
      for (const view of Object.values(views)) view.show?.(observation);
    },
    () => Math.max(...Object.values(views).map((view) => view.listed?.() ?? 0)),
  );
  startViews(views);
  startTopicNames();
  startKeyboard(() => {
    location.hash = viewAddress("search", {});
  });
}
