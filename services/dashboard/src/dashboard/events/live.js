import { readEvents } from "../api/event-stream.js";
import { messageOf, Refused, refusalOf, request, withParameters } from "../api/request.js";
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
 *   connected ◀──after 2 s── broken, behind the last event; without its id if that is refused
 */
export function createLive() {
  const lines = byId("live-events");
  const pause = byId("live-pause");
  const topicInput = byId("live-topic", HTMLInputElement);
  let connection = new AbortController();
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
    connection = new AbortController();
    showState("Connecting …");
    follow(connection.signal).catch((error) => {
      if (connection.signal.aborted) return;
      // The id may be of a store that has been replaced.
      if (error instanceof Refused && error.status === 400) lastId = undefined;
      showState(error instanceof Refused ? `Not connected: ${messageOf(error)}.` : "Disconnected. Reconnecting …");
      reopening = setTimeout(connect, REOPEN_MS);
    });
  }

  /**
   * Reads the stream until it ends.
   *
   * @param {AbortSignal} signal
   */
  async function follow(signal) {
    /** @type {Record<string, string>} */
    const headers = lastId === undefined ? {} : { "last-event-id": lastId };
    const response = await request(withParameters("events/stream", { topic }), { headers, signal });
    if (!response.ok) throw await refusalOf(response);
    showState(`Following ${topic === "" ? "all topics" : topic}.`);
    for await (const { id, data } of readEvents(response)) {
      if (signal.aborted) return;
      lastId = id;
      if (data !== undefined) add(data);
    }
    throw new Error("the stream has ended");
  }

  /** @param {string} json */
  function add(json) {
    arrived++;
    waiting.push(json);
    if (waiting.length > MAX_LINES) waiting.shift();
    drawSoon();
  }

  function stop() {
    clearTimeout(reopening);
    connection.abort();
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
