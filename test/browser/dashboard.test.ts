import { openPage } from "@tidemark/test-support/browser-page";
import { waitFor } from "@tidemark/test-support/wait-for";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { makeEvent, openTidemark } from "./tidemark.ts";

const FIGURES = ["received", "unique_processed", "duplicate_dropped", "dead_lettered", "queue_size", "conflicts"];

async function figuresOf(page: Page): Promise<Record<string, number>> {
  const shown = FIGURES.map(async (name) => {
    const text = await page.locator(`[data-figure="${name}"]`).textContent();
    return [name, Number(text?.replaceAll(",", ""))] as const;
  });
  return Object.fromEntries(await Promise.all(shown));
}

async function untilVerdict(page: Page, title: string): Promise<void> {
  await waitFor(`the verdict ${title}`, async () => {
    expect(await page.locator("#verdict-title").textContent()).toBe(title);
    return true;
  });
}

test("an empty store is well, and says what to do first", async () => {
  const tidemark = await openTidemark();
  const { page, complaints } = await openPage(tidemark.url);

  await untilVerdict(page, "All is well");

  expect(await page.locator("#busiest").textContent()).toContain("No topics yet");
  expect(await page.locator('[data-figure="received"]').textContent()).toBe("0");
  expect(complaints).toEqual([]);
});

test("the figures are those of /stats while events flow, and they balance", async () => {
  const tidemark = await openTidemark();
  const { page, complaints } = await openPage(tidemark.url);
  let isFlowing = true;
  const flow = (async () => {
    while (isFlowing) {
      const events = Array.from({ length: 50 }, () => makeEvent());
      await tidemark.publish(...events, ...events.slice(0, 10));
    }
  })();

  await waitFor("the page to follow", async () => Number((await figuresOf(page)).received) > 500);
  const { received, unique_processed, duplicate_dropped, dead_lettered, queue_size } = await figuresOf(page);
  isFlowing = false;
  await flow;

  expect(received).toBe(
    [unique_processed, duplicate_dropped, dead_lettered, queue_size].reduce<number>(
      (sum, part) => sum + Number(part),
      0,
    ),
  );
  await waitFor("the page to show the last figures", async () => {
    expect(await tidemark.stats()).toMatchObject(await figuresOf(page));
    return true;
  });
  await untilVerdict(page, "All is well");
  expect(await page.locator("#plot .edge-unique").getAttribute("d")).toMatch(/^M.*L/);
  expect(complaints).toEqual([]);
});

test("an audit is made at the press of a button, and its outcome stays", async () => {
  const tidemark = await openTidemark();
  const event = makeEvent();
  await tidemark.publish(event, event);
  const { page } = await openPage(tidemark.url);

  await page.getByRole("button", { name: "Audit now" }).click();

  await page.getByText("Balanced: 1 event and 1 copy counted").waitFor();
  await page.getByText(/^balanced, .* ago$/).waitFor();
});

test("a thousand topics are filtered and ordered, and not all drawn at once", async () => {
  const tidemark = await openTidemark();
  const names = Array.from({ length: 1_000 }, (_, index) => `topic.${String(index).padStart(4, "0")}`);
  const odd = makeEvent({ topic: "topic.0500" });
  await tidemark.publish(...names.map((topic) => makeEvent({ topic })), odd, odd, odd);
  const { page, complaints } = await openPage(`${tidemark.url}/#/topics`);
  const rows = page.locator("#topics-table tbody tr");

  await waitFor("the busiest topic first", async () => (await rows.first().textContent())?.startsWith("topic.0500"));
  expect(await rows.count()).toBeLessThan(500);
  await page.getByLabel("Filter").fill("0042");
  await waitFor("one topic", async () => (await rows.count()) === 1);
  expect(await rows.first().textContent()).toContain("topic.0042");
  await page.getByLabel("Filter").fill("");
  await page.getByLabel("Order").selectOption("share");
  expect(await rows.first().textContent()).toContain("50.0%");
  expect(complaints).toEqual([]);
});

test("who sends copies is named, with how late they came", async () => {
  const tidemark = await openTidemark();
  const event = makeEvent({ source: "<b>stutterer</b>" });
  await tidemark.publish(event);
  await tidemark.publish(event, event);
  const { page } = await openPage(`${tidemark.url}/#/sources`);

  const card = page.locator("#sources-list article");
  await card.waitFor();

  expect(await card.locator("h2").textContent()).toBe("<b>stutterer</b>");
  expect(await card.textContent()).toContain("2 copies, 100.0% of all");
  expect(await card.locator("li").allTextContents()).toContain("2≤ 1 s");
});

test("a restart of the service is said, with how old the figures are, and then all goes on", async () => {
  const tidemark = await openTidemark();
  await tidemark.publish(makeEvent());
  const { page } = await openPage(tidemark.url);
  await untilVerdict(page, "All is well");

  await tidemark.crash();
  await untilVerdict(page, "Disconnected");
  expect(await page.locator("#verdict-detail").textContent()).toMatch(/What is shown is \d/);
  expect(await figuresOf(page)).toMatchObject({ received: 1 });
  await tidemark.restart();
  await untilVerdict(page, "All is well");
  await tidemark.publish(makeEvent());

  await waitFor("the new figures", async () => (await figuresOf(page)).received === 2);
});
