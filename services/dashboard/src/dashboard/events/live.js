import { hasTopic } from "../api/endpoints.js";
import { readEvents } from "../api/event-stream.js";
import { messageOf, Refused, refusalOf, request, withParameters } from "../api/request.js";
import { byId, element, setText } from "../page/dom.js";
import { viewAddress } from "../page/views.js";
import { plural } from "../text/format.js";
import { eventLink, eventLinkHead } from "./event-link.js";

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
  const empty = byId("live-empty");
  const head = byId("live-head");
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

  head.replaceChildren(eventLinkHead());
  byId("live-form").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    const address = viewAddress("live", { topic: topicInput.value });
    if (location.hash === address) open(new URLSearchParams({ topic: topicInput.value }));
    else location.hash = address;
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
    void explainEmptiness(topic, signal);
    for await (const { id, data } of readEvents(response)) {
      if (signal.aborted) return;
      lastId = id;
      if (data !== undefined) add(data);
    }
    throw new Error("the stream has ended");
  }

  /**
   * Says what is awaited, and whether the topic has any event yet: its name may be misspelled.
   *
   * @param {string} asked
   * @param {AbortSignal} signal
   */
  async function explainEmptiness(asked, signal) {
    const awaited = `Events that are stored from now on appear here${asked === "" ? "." : ` if their topic is ${asked}.`}`;
    setText(empty, awaited);
    if (asked === "" || (await hasTopic(asked).catch(() => true)) || signal.aborted) return;
    setText(
      empty,
      `No event has the topic ${asked} yet. The name must be whole, and upper and lower case differ. ${awaited}`,
    );
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
    empty.hidden = lines.children.length > 0;
    head.hidden = !empty.hidden;
  }

  /** @param {string} text */
  function showState(text) {
    stateText = text;
    drawSoon();
  }

  /** @param {URLSearchParams} parameters */
  function open(parameters) {
    topic = parameters.get("topic") ?? "";
    topicInput.value = topic;
    lines.replaceChildren();
    setText(empty, "");
    isOpen = true;
    waiting = [];
    arrived = 0;
    start();
  }

  return {
    open,
    close() {
      isOpen = false;
      stop();
    },
  };
}
