import { openPage } from "@tidemark/test-support/browser/browser-page";
import { waitFor } from "@tidemark/test-support/wait-for";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { makeEvent, openTidemark } from "./tidemark.ts";

const line = (page: Page, selector: string) => page.locator(selector).first().getAttribute("d");

/** Opens the dashboard of a service that has stored events before, and waits for the plot. */
async function openRates() {
  const tidemark = await openTidemark();
  const event = makeEvent();
  await tidemark.publish(event, event, ...Array.from({ length: 8 }, () => makeEvent()));
  const opened = await openPage(tidemark.url);
  await opened.page.locator("#plot-empty").waitFor({ state: "hidden" });
  return { tidemark, ...opened };
}

test("when the page opens, the plots show the events that were stored before", async () => {
  const { page, complaints } = await openRates();

  // The left edge is five minutes ago, because the minutes come from the history.
  expect(await line(page, "#plot .edge-stored")).toMatch(/^M0\.0 .*H.*L/);
  await waitFor("events in the line of the topic", async () => {
    const path = await line(page, "#busiest .sparkline path");
    return path !== null && path !== "M0 22H100" && new Set(path.match(/ [\d.]+/g)).size > 1;
  });
  expect(await page.locator("#legend").textContent()).toContain("restart");
  expect(await line(page, "#plot .starts")).toMatch(/^M[\d.]+ 0V180/);
  expect(complaints).toEqual([]);
});

test.each(["1 hour", "30 days"])("the plot shows the last %s when that range is selected", async (name) => {
  const { page, complaints } = await openRates();

  await page.locator("#rates-range").selectOption({ label: name });

  await waitFor("the line of the range", async () => (await line(page, "#plot .edge-stored"))?.startsWith("M0.0 "));
  const columns = Number(await page.locator("#plot").getAttribute("aria-valuemax"));
  expect(columns).toBeGreaterThan(50);
  expect(await page.locator("#rates-note").textContent()).toMatch(/^Recorded since \d{4}-/);
  expect(complaints).toEqual([]);
});

test("the arrow keys select a rate, and the tooltip shows the rate and the starts", async () => {
  const { page } = await openRates();
  await page.locator("#rates-range").selectOption({ label: "7 days" });
  await waitFor("the line of the range", async () => (await line(page, "#plot .edge-stored"))?.startsWith("M0.0 "));
  const plot = page.getByRole("slider", { name: "Rates" });
  const tooltip = page.locator("#plot-tooltip");

  await plot.focus();
  await page.keyboard.press("End");

  await tooltip.waitFor();
  expect(await tooltip.textContent()).toMatch(/ to .*\/s stored.*\/s duplicates.*started: /);
  const last = await plot.getAttribute("aria-valuetext");
  expect(last).toContain("started: ");
  await page.keyboard.press("ArrowLeft");
  expect(await plot.getAttribute("aria-valuetext")).not.toBe(last);
  await page.keyboard.press("Escape");
  await tooltip.waitFor({ state: "hidden" });
});

test("the pointer selects the rate under it", async () => {
  const { page } = await openRates();

  await page.locator("#plot").hover({ position: { x: 5, y: 40 } });

  await page.locator("#plot-tooltip").waitFor();
  expect(await page.locator("#plot-tooltip").textContent()).toContain("0/s stored");
});
