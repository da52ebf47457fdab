import { withParameters } from "../api/request.js";
import { byId, element, setText } from "../page/dom.js";
import { plural } from "../text/format.js";
import { eventLink } from "./event-link.js";

/** Lines shown; older ones are removed. */
const MAX_LINES = 200;
const REOPEN_MS = 2_000;

/**
 * Makes the view that shows new events as they are stored. It is connected while it is open and the page is visible.
 *
 *   closed ──open──▶ connected ──hidden──▶ closed ──visible──▶ connected ──close──▶ closed
 *   connected ◀──after 2 s── broken: the browser itself reconnects only if the answer was a stream
 */
export function createLive() {
  const lines = byId("live-events");
  const pause = byId("live-pause");
  const topicInput = byId("live-topic", HTMLInputElement);
  /** @type {EventSource | undefined} */
  let source;
  let topic = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let reopening;
  /** @type {string | undefined} */
  let lastId;
  let isOpen = false;
  let isPaused = false;
  /** @type {string[]} */
  let waiting = [];
  let arrived = 0;
  let drawing = 0;
  let stateText = "";

  byId("live-form").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    topic = topicInput.value;
    lines.replaceChildren();
    start();
  });
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", String(isPaused));
    setText(pause, isPaused ? "Resume" : "Pause");
    if (isPaused) arrived = 0;
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
    const opened = new EventSource(withParameters("events/stream", { topic, last_event_id: lastId }));
    opened.onopen = () => showState(`Following ${topic === "" ? "all topics" : topic}.`);
    opened.onmessage = (/** @type {MessageEvent<string>} */ { data, lastEventId }) => {
      lastId = lastEventId;
      arrived++;
      waiting.push(data);
      if (waiting.length > MAX_LINES) waiting.shift();
      drawSoon();
    };
    opened.onerror = () => {
      showState("Disconnected. Reconnecting …");
      if (opened.readyState === EventSource.CLOSED) reopening = setTimeout(connect, REOPEN_MS);
    };
    source = opened;
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
    setText(byId("live-state"), isPaused ? `Paused. ${plural(arrived, "new event")}.` : stateText);
    if (isPaused) return;
    lines.prepend(...waiting.reverse().map((json) => element("li", {}, eventLink(json))));
    waiting = [];
    while (lines.children.length > MAX_LINES) lines.lastChild?.remove();
  }

  /** @param {string} text */
  function showState(text) {
    stateText = text;
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
