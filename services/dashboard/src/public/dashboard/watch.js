import { readJson, Unreachable } from "./service.js";

const REFRESH_MS = 2_000;

/**
 * Asks for the books and the health again and again while somebody is looking, and hands on what is known:
 * `{ stats, health, trouble, readAt }`. After a failure `stats` and `readAt` stay those of the last answer.
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
    ...(stats.status === "fulfilled" ? { stats: stats.value, readAt: Date.now() } : {}),
    health: health.status === "fulfilled" && health.value?.status ? health.value : undefined,
    trouble: stats.status === "fulfilled" ? undefined : describe(stats.reason),
  };
}

function describe(error) {
  return { isDisconnected: error instanceof Unreachable, detail: error.message };
}
