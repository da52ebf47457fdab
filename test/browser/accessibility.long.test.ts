import { openPage } from "@tidemark/test-support/browser/browser-page";
import { expect, test } from "vitest";
import { findBarriers } from "./accessibility.ts";
import { makeEvent, openTidemark } from "./tidemark.ts";

const VIEWS = [
  ["books", "#busiest tbody tr"],
  ["topics", "#topics-table tbody tr"],
  ["sources", "#sources-list article"],
  ["live", "#live-state:has-text('Following')"],
  ["search?topic=t&id=e", "#event .duplicate"],
  ["search?topic=t", "#search-results a"],
  ["conflicts", ".conflict .differs"],
  ["dead-letters", ".dead-letter"],
  ["subscriptions", "#subscriptions-table tbody tr"],
] as const;

const SCREENS = [
  { name: "light", colorScheme: "light", viewport: { width: 1280, height: 900 } },
  { name: "dark", colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  { name: "a phone", colorScheme: "light", viewport: { width: 360, height: 740 } },
] as const;

test.each(SCREENS)(
  "no view has a serious accessibility barrier or is wider than the screen: $name",
  async ({ name, ...screen }) => {
    const tidemark = await openTidemark();
    await tidemark.refuse("NEW.event_id = 'bad'");
    const event = makeEvent({ topic: "t", event_id: "e", payload: { long: "x".repeat(400) } });
    await tidemark.publish(event, { ...event, payload: { other: 1 } }, makeEvent({ event_id: "bad" }));
    const long = makeEvent({ topic: "W".repeat(255), event_id: "y".repeat(255), source: "z".repeat(255) });
    await tidemark.publish(long, { ...long, payload: { other: 1 } });
    await fetch(`${tidemark.url}/subscriptions/${"v".repeat(255)}`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ topic_prefix: "u".repeat(255), from: "beginning" }),
    });
    const { page, complaints } = await openPage(tidemark.url, screen);

    for (const [view, sign] of VIEWS) {
      await page.goto(`${tidemark.url}/#/${view}`);
      await page.locator(sign).first().waitFor();
      expect(await findBarriers(page), `${view}, ${name}`).toEqual([]);
      const width = await page.evaluate("document.documentElement.scrollWidth");
      expect(width, `${view}, ${name}`).toBeLessThanOrEqual(screen.viewport.width);
    }
    expect(complaints).toEqual([]);
  },
);

test("every view can be reached with the keyboard, which moves the focus to its content", async () => {
  const tidemark = await openTidemark();
  const { page } = await openPage(tidemark.url);
  const focused = () => page.evaluate("document.activeElement.textContent.trim()");

  await page.keyboard.press("Tab");
  expect(await focused()).toBe("Skip to the content");
  await page.keyboard.press("Tab");
  for (const view of ["Books", "Topics", "Sources", "Live", "Search", "Conflicts", "Dead letters", "Subscriptions"]) {
    await page.keyboard.press("Tab");
    expect(await focused()).toBe(view);
  }
  await page.keyboard.press("Enter");

  await page.getByRole("heading", { name: "Subscriptions", level: 1 }).waitFor();
  await page.locator("#content:focus").waitFor();
});
