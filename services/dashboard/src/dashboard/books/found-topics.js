/** @import { TopicStats, TopicsAnswer } from "../api/contract.d.ts" */

/** A page of a text that few names contain may be empty. Then the next one is read. */
const MAX_EMPTY_PAGES = 100;
/** A list of one page is read again after this time. A longer one would become shorter while it is looked at. */
const FRESH_MS = 10_000;

/**
 * Makes the list of the topics whose names contain a text, which the service searches page by page. An answer to a search
 * that is not the latest one is dropped.
 *
 * @param {object} options
 * @param {(page: { contains: string, cursor: string | undefined }) => Promise<TopicsAnswer>} options.read
 * @param {() => void} options.changed called when the list has changed
 */
export function createFoundTopics({ read, changed }) {
  /** @type {string | undefined} */
  let asked;
  /** @type {TopicStats[]} */
  let topics = [];
  /** @type {string | undefined} */
  let cursor;
  let isReading = false;
  let hasFailed = false;
  let isOnePage = true;
  let readAt = 0;
  let latest = 0;

  /** @param {string | undefined} after */
  async function readPages(after) {
    const mine = ++latest;
    isReading = true;
    readAt = Date.now();
    /** @type {TopicStats[]} */
    const found = [];
    let next = after;
    try {
      for (let page = 0; page < MAX_EMPTY_PAGES && found.length === 0; page++) {
        const answer = await read({ contains: asked ?? "", cursor: next });
        if (mine !== latest) return;
        found.push(...answer.topics);
        next = answer.next_cursor ?? undefined;
        if (next === undefined) break;
      }
      topics = after === undefined ? found : [...topics, ...found];
      isOnePage = after === undefined && next === undefined;
      cursor = next;
      hasFailed = false;
    } catch {
      if (mine !== latest) return;
      hasFailed = true; // read again when it is due
    }
    isReading = false;
    changed();
  }

  return {
    /**
     * Returns what has been found so far, and starts a search if the text is new or the figures are old.
     *
     * @param {string} text
     */
    of(text) {
      if (text !== asked) {
        asked = text;
        topics = [];
        cursor = undefined;
        isOnePage = true;
        hasFailed = false;
        readPages(undefined);
      } else if (!isReading && isOnePage && Date.now() - readAt > FRESH_MS) readPages(undefined);
      return { topics, hasMore: cursor !== undefined, isReading, hasFailed };
    },

    /** Reads the next page. */
    more() {
      if (!isReading && cursor !== undefined) readPages(cursor);
    },
  };
}
