import { readJson, Unreachable } from "./request.js";

const REFRESH_MS = 2_000;

/**
 * Asks for the books and the health again and again while somebody is looking, and hands on what is known:
 * `{ stats, health, hasDeadLetters, trouble, readAt }`. After a failure all but `health` and `trouble` stay those of the
 * last answer.
 */
export function startWatch(show) {
  let known = {};
  let timer;
  let isAsking = false;

  async function refresh() {
    if (isAsking) return;
    clearTimeout(timer);
    isAsking = true;
    known = { ...known, ...(await readAll()) };
    isAsking = false;
    show(known);
    if (!document.hidden) timer = setTimeout(refresh, REFRESH_MS);
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) refresh();
  });
  refresh();
  return { refresh };
}

async function readAll() {
  const [stats, health] = await Promise.allSettled([
    readJson("/stats"),
    readJson("/health", { accepts: (ok, status) => ok || status === 503 }),
  ]);
  return {
    ...(stats.status === "fulfilled" ? await describeBooks(stats.value) : {}),
    health: health.status === "fulfilled" && health.value?.status ? health.value : undefined,
    trouble: stats.status === "fulfilled" ? undefined : describe(stats.reason),
  };
}

/** Deleted letters stay counted as dead: whether there is one to look at, only the list knows. */
async function describeBooks(stats) {
  const readAt = Date.now();
  const letters = stats.dead_lettered > 0 ? await readJson("/dead-letters?limit=1").catch(() => undefined) : undefined;
  return { stats, readAt, hasDeadLetters: letters?.count > 0 };
}

function describe(error) {
  return { isDisconnected: error instanceof Unreachable, detail: error.message };
}
