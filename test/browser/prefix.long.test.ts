import { openPage } from "@tidemark/test-support/browser/browser-page";
import { startPrefixProxy } from "@tidemark/test-support/clients/prefix-proxy";
import { expect, test } from "vitest";
import { makeEvent, openTidemark } from "./tidemark.ts";

test("behind a path prefix the dashboard shows the books, live events and an event", async () => {
  const tidemark = await openTidemark();
  const prefix = await startPrefixProxy(tidemark.url, "/intake/");
  const { page, complaints } = await openPage(prefix);
  await page.locator("#status").getByText("All is well").waitFor();

  await page.getByRole("link", { name: "Live" }).click();
  await page.getByText("Following all topics.").waitFor();
  const event = makeEvent();
  await tidemark.publish(event, event);
  await page.locator("#live-events a").click();

  await page.getByRole("heading", { name: event.event_id }).waitFor();
  await page.locator('[data-list="duplicates"] .duplicate').waitFor();
  expect(complaints).toEqual([]);
});

test("behind a path prefix the pages of the API are reached from the dashboard", async () => {
  const tidemark = await openTidemark();
  const prefix = await startPrefixProxy(tidemark.url, "/intake/");
  const { page, complaints } = await openPage(prefix);

  await page.getByRole("link", { name: "Try the API" }).click();
  await page.locator(".opblock-summary-path").first().waitFor();
  await page.getByRole("button", { name: "GET /livez" }).first().click();
  await page.getByRole("button", { name: "Try it out" }).click();
  await page.getByRole("button", { name: "Execute" }).click();
  await page.locator(".request-url", { hasText: `${prefix}livez` }).waitFor();
  await page.goto(prefix);
  await page.getByRole("link", { name: "Reference" }).click();
  await page.getByText("Download OpenAPI description").first().waitFor();

  expect(complaints).toEqual([]);
});
