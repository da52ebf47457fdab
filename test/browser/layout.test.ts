import { openPage } from "@tidemark/test-support/browser/browser-page";
import { waitFor } from "@tidemark/test-support/wait-for";
import { expect, test } from "vitest";
import { makeEvent, openTidemark, type Tidemark } from "./tidemark.ts";

const LONG = `a-long-name.${"x".repeat(200)}`;
/** The views, and what each shows once its data is there. */
const VIEWS = {
  books: "#busiest tbody tr",
  topics: "#topics-table tbody tr",
  sources: "#sources-list article",
  search: "#search-results a",
  conflicts: ".conflict .differs",
};

/** Stores an event with long names, an event of an ordinary topic, and a conflict of the first. */
async function fill(tidemark: Tidemark): Promise<void> {
  const event = makeEvent({ topic: LONG, event_id: LONG.slice(0, 200), source: LONG });
  await tidemark.publish(event, makeEvent(), { ...event, payload: { n: 1 } });
}

/** Returns what is wider than the screen, or than the frame of its table. A text, because tests have no types of the DOM. */
const CUT = `[document.documentElement, ...document.querySelectorAll(".table-frame")]
  .filter((frame) => frame.checkVisibility() && frame.scrollWidth > frame.clientWidth)
  .map((frame) => frame.tagName + " " + frame.className + ": " + frame.scrollWidth + " px in " + frame.clientWidth)`;

test("with long names no view is wider than its screen, and no column is cut", async () => {
  const tidemark = await openTidemark();
  await fill(tidemark);
  const { page, complaints } = await openPage(tidemark.url);

  const cut: Record<string, string[]> = {};
  for (const [view, sign] of Object.entries(VIEWS)) {
    await page.goto(`${tidemark.url}/#/${view}`);
    await page.locator(sign).first().waitFor();
    for (const width of [1_440, 1_060, 1_024, 700, 390]) {
      await page.setViewportSize({ width, height: 900 });
      const found = (await page.evaluate(CUT)) as string[];
      if (found.length > 0) cut[`${view} at ${width}`] = found;
    }
  }

  expect(cut).toEqual({});
  expect(complaints).toEqual([]);
});

test("lists are walked with the arrow keys, keep their frame below the pointer, and events are copied", async () => {
  const tidemark = await openTidemark();
  const events = [makeEvent(), makeEvent(), makeEvent({ topic: "other.topic" })];
  await tidemark.publish(...events);
  const { page } = await openPage(`${tidemark.url}/#/search?prefix=browser.`, {
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const links = page.locator("#search-results a");
  await links.nth(1).waitFor();
  expect(await links.count()).toBe(2);

  const frameOf = () =>
    page.evaluate('getComputedStyle(document.querySelector("#search-results .stack")).borderRadius');
  const before = await frameOf();
  await links.first().hover();
  expect(await frameOf()).toBe(before);
  await links.first().focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: events[0]?.event_id as string }).waitFor();

  const expectCopied = async (name: string, text: string) => {
    await page.getByRole("button", { name, exact: true }).click();
    await expect.poll(() => page.evaluate("navigator.clipboard.readText()")).toContain(text);
  };
  await expectCopied("Copy id", events[0]?.event_id as string);
  await expectCopied("Copy as curl", `/events?topic=browser.test&event_id=${events[0]?.event_id}`);
});

test("a refused publish stands in the status line with its code, and below Parts", async () => {
  const tidemark = await openTidemark();
  const { page } = await openPage(tidemark.url);
  const headers = { "content-type": "application/json" };
  const { status } = await fetch(`${tidemark.url}/publish`, { method: "POST", headers, body: "{}" });
  expect(status).toBe(422);

  await page
    .locator("#status")
    .getByText(/^Producers sent 1 publish that Tidemark refused, since .*1 invalid_event/)
    .waitFor();
  await page
    .locator("#parts")
    .getByText(/^1 invalid_event/)
    .waitFor();
  await waitFor(
    "the state of the page",
    async () => (await page.locator("#status").getAttribute("data-state")) === "warn",
  );
});
