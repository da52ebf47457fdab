import { openPage } from "@tidemark/test-support/browser/browser-page";
import { waitFor } from "@tidemark/test-support/wait-for";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { makeEvent, openTidemark } from "./tidemark.ts";

const FIGURES = ["received", "unique_processed", "duplicate_dropped", "dead_lettered", "queue_size", "conflicts"];

async function figuresOf(page: Page): Promise<Record<string, number>> {
  const shown = FIGURES.map(async (name) => {
    const text = await page.locator(`#figure-${name}`).textContent();
    return [name, Number(text?.replaceAll(",", ""))] as const;
  });
  return Object.fromEntries(await Promise.all(shown));
}

async function untilStatus(page: Page, title: string): Promise<void> {
  await waitFor(`the status ${title}`, async () => {
    expect(await page.locator("#status-title").textContent()).toBe(title);
    return true;
  });
}

test("the dashboard of an empty store shows no problem, and the first step", async () => {
  const tidemark = await openTidemark();
  const { page, complaints } = await openPage(tidemark.url);

  await untilStatus(page, "All is well");

  expect(await page.locator("#busiest").textContent()).toContain("No topics yet");
  expect(await page.locator("#figure-received").textContent()).toBe("0");
  expect(complaints).toEqual([]);
});

test("the figures on the page are those of /stats while events flow, and they balance", async () => {
  const tidemark = await openTidemark();
  const { page, complaints } = await openPage(tidemark.url);
  let isFlowing = true;
  const flow = (async () => {
    while (isFlowing) {
      const events = Array.from({ length: 50 }, () => makeEvent());
      await tidemark.publish(...events, ...events.slice(0, 10));
    }
  })();

  await waitFor(
    "more than 500 received events on the page",
    async () => Number((await figuresOf(page)).received) > 500,
  );
  const { received, unique_processed, duplicate_dropped, dead_lettered, queue_size } = await figuresOf(page);
  isFlowing = false;
  await flow;

  expect(received).toBe(
    [unique_processed, duplicate_dropped, dead_lettered, queue_size].reduce<number>(
      (sum, part) => sum + Number(part),
      0,
    ),
  );
  await waitFor("the last figures on the page", async () => {
    expect(await tidemark.stats()).toMatchObject(await figuresOf(page));
    return true;
  });
  await untilStatus(page, "All is well");
  expect(await page.locator("#plot .edge-stored").getAttribute("d")).toMatch(/^M.*L/);
  expect(complaints).toEqual([]);
});

test("a button starts an audit, and its result stays on the page", async () => {
  const tidemark = await openTidemark();
  const event = makeEvent();
  await tidemark.publish(event, event);
  const { page } = await openPage(tidemark.url);

  await page.getByRole("button", { name: "Audit now" }).click();

  await page.getByText("Balanced: 1 event and 1 duplicate counted").waitFor();
  await page.getByText(/^balanced, .* ago$/).waitFor();
});

test("topics beyond the first thousand are found by the service, and neither page nor answer has all at once", async () => {
  const tidemark = await openTidemark();
  const names = Array.from({ length: 1_500 }, (_, index) => `topic.${String(index).padStart(4, "0")}`);
  const odd = makeEvent({ topic: "topic.0500" });
  for (const from of [0, 750]) {
    await tidemark.publish(...names.slice(from, from + 750).map((topic) => makeEvent({ topic })));
  }
  await tidemark.publish(odd, odd, odd);
  const { page, complaints } = await openPage(`${tidemark.url}/#/topics`);
  const limits: number[] = [];
  page.on("request", (request) => {
    const { pathname, searchParams } = new URL(request.url());
    if (pathname === "/stats") limits.push(Number(searchParams.get("limit")));
  });
  const rows = page.locator("#topics-table tbody tr");

  await waitFor("the busiest topic first", async () => (await rows.first().textContent())?.startsWith("topic.0500"));
  expect(await rows.count()).toBeLessThan(500);
  await page.getByLabel("Filter").fill("PIC.1499");
  await waitFor("one topic", async () => (await rows.count()) === 1);
  expect(await rows.first().textContent()).toContain("topic.1499");
  await page.reload();
  await waitFor("the filter of the address", async () => (await rows.count()) === 1);
  await page.getByLabel("Filter").fill("");
  await page.getByLabel("Order").selectOption("name");
  await waitFor("the first name", async () => (await rows.first().textContent())?.startsWith("topic.0000"));
  await waitFor("some requests", () => limits.length > 2);
  expect(Math.max(...limits)).toBeLessThan(500);
  await page.getByLabel("Order").selectOption("share");
  await waitFor("the highest share", async () => (await rows.first().textContent())?.includes("50.0%"));
  expect(complaints).toEqual([]);
});

test("the page of sources shows a source of duplicates, and how late its duplicates arrived", async () => {
  const tidemark = await openTidemark();
  const event = makeEvent({ source: "<b>stutterer</b>" });
  await tidemark.publish(event);
  await tidemark.publish(event, event);
  const { page } = await openPage(`${tidemark.url}/#/sources`);

  const card = page.locator("#sources-list article");
  await card.waitFor();

  expect(await card.locator("h2").textContent()).toBe("<b>stutterer</b>");
  expect(await card.textContent()).toContain("2 duplicates, 100.0% of all");
  expect(await card.locator("li").allTextContents()).toContain("2≤ 1 s");
});

test("a store that is silent while the service answers is named as the cause", async () => {
  const tidemark = await openTidemark();
  const { page } = await openPage(tidemark.url);
  await untilStatus(page, "All is well");
  await page.route("**/stats?*", (route) => route.abort());

  await untilStatus(page, "The books cannot be read");

  expect(await page.locator("#status-detail").textContent()).toMatch(
    /^The store does not answer\. .*The figures are \d/,
  );
  expect(await page.locator("#parts").textContent()).toMatch(/Serviceup for .*Storethe store does not answer/);
  await page.unroute("**/stats?*");
  await untilStatus(page, "All is well");
});

test("while the service is down the dashboard shows how old the figures are, and it continues after the restart", async () => {
  const tidemark = await openTidemark();
  await tidemark.publish(makeEvent());
  const { page } = await openPage(tidemark.url);
  await untilStatus(page, "All is well");

  await tidemark.crash();
  await untilStatus(page, "Disconnected");
  expect(await page.locator("#status-detail").textContent()).toMatch(/The figures are \d/);
  expect(await figuresOf(page)).toMatchObject({ received: 1 });
  await tidemark.restart();
  await untilStatus(page, "All is well");
  await tidemark.publish(makeEvent());

  await waitFor("two received events on the page", async () => (await figuresOf(page)).received === 2);
});
