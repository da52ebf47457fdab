import { withParameters } from "../api/request.js";
import { byId, element, setText } from "../page/dom.js";
import { plural } from "../text/format.js";
import { eventRow } from "./search.js";

/** Lines shown; older ones go, whatever comes. */
const MAX_LINES = 200;
const REOPEN_MS = 2_000;

/** New events as they are stored, while the view is open and somebody looks. */
export function createLive() {
  const lines = byId("live-events");
  const pause = byId("live-pause");
  let source;
  let topic = "";
  let reopening;
  let lastId;
  let isOpen = false;
  let isPaused = false;
  let waiting = [];
  let passed = 0;
  let drawing = 0;
  let said = "";

  byId("live-form").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    topic = byId("live-topic").value;
    lines.replaceChildren();
    start();
  });
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", String(isPaused));
    setText(pause, isPaused ? "Go on" : "Pause");
    if (isPaused) passed = 0;
    drawSoon();
  });
  document.addEventListener("visibilitychange", () => {
    if (!isOpen) return;
    if (document.hidden) stop();
    else start();
  });

  function start() {
    lastId = undefined;
    waiting = [];
    connect();
  }

  function connect() {
    stop();
    showState("Connecting …");
    source = new EventSource(withParameters("/events/stream", { topic, last_event_id: lastId }));
    source.onopen = () => showState(`Following ${topic === "" ? "all topics" : topic}.`);
    source.onmessage = ({ data, lastEventId }) => {
      lastId = lastEventId;
      passed++;
      waiting.push(data);
      if (waiting.length > MAX_LINES) waiting.shift();
      drawSoon();
    };
    source.onerror = () => {
      showState("Disconnected; trying again.");
      // The browser comes back by itself after a broken connection, but not after an answer that was no stream.
      if (source.readyState === EventSource.CLOSED) reopening = setTimeout(connect, REOPEN_MS);
    };
  }

  function stop() {
    clearTimeout(reopening);
    source?.close();
  }

  function drawSoon() {
    cancelAnimationFrame(drawing);
    drawing = requestAnimationFrame(draw);
  }

  function draw() {
    setText(byId("live-state"), isPaused ? `Paused; ${plural(passed, "event")} came since.` : said);
    if (isPaused) return;
    lines.prepend(...waiting.reverse().map((text) => element("li", {}, ...eventRow(text).childNodes)));
    waiting = [];
    while (lines.children.length > MAX_LINES) lines.lastChild.remove();
  }

  function showState(text) {
    said = text;
    drawSoon();
  }

  return {
    open() {
      isOpen = true;
      start();
    },
    close() {
      isOpen = false;
      stop();
    },
  };
}
