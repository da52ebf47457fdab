import { openPage } from "@tidemark/test-support/browser/browser-page";
import { waitFor } from "@tidemark/test-support/wait-for";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { KEYS, makeEvent, openTidemark, type Tidemark } from "./tidemark.ts";

async function ask({ url }: Tidemark, method: string, path: string, body?: object, key?: string): Promise<Response> {
  const headers = { ...(body && { "content-type": "application/json" }), ...(key && { "x-api-key": key }) };
  const answer = await fetch(`${url}/subscriptions/${path}`, {
    method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  return answer;
}

/** Reads the cells of the table, without their buttons. */
async function rowsOf(page: Page): Promise<string[][]> {
  const rows = await page.locator("#subscriptions-table tbody tr").all();
  return Promise.all(rows.map((row) => row.locator("th > span:not([hidden]), td:not(:has(button))").allTextContents()));
}

test("subscriptions are shown with what they have not read, and one is deleted only after a confirmation", async () => {
  const tidemark = await openTidemark();
  await tidemark.publish(makeEvent({ topic: "orders" }), makeEvent({ topic: "orders" }), makeEvent());
  await ask(tidemark, "PUT", "billing", { topic: "orders", from: "beginning" });
  await ask(tidemark, "PUT", "export%20%2F%20all", { from: "beginning" });
  const { page, complaints } = await openPage(`${tidemark.url}/#/subscriptions`);
  const behind = expect.stringMatching(/^[\d.]+ (ms|s|min)$/);
  await waitFor("both subscriptions", async () => {
    expect(await rowsOf(page)).toEqual([
      ["billing", "topic orders", "2", behind, "never"],
      ["export / all", "all topics", "3", behind, "never"],
    ]);
    return true;
  });

  const { cursor } = (await (await ask(tidemark, "GET", "billing/events")).json()) as { cursor: string };
  await ask(tidemark, "POST", "billing/ack", { cursor });
  await waitFor("the acknowledgement", async () => {
    expect((await rowsOf(page))[0]).toEqual(["billing", "topic orders", "0", "–", expect.stringMatching(/ ago$/)]);
    return true;
  });

  const remove = page.getByRole("button", { name: "Delete the subscription export / all" });
  await remove.click();
  await page.getByRole("dialog").press("Escape");
  expect(await rowsOf(page)).toHaveLength(2);
  await remove.click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();

  await page.getByText("Deleted the subscription export / all.").waitFor();
  await waitFor("one row", async () => (await rowsOf(page)).length === 1);
  expect(await (await fetch(`${tidemark.url}/subscriptions`)).json()).toMatchObject({
    subscriptions: [{ name: "billing" }],
  });
  expect(complaints).toEqual([]);
});

test("a subscription that is far behind is named in the status line of every view, and the navigation counts them", async () => {
  const tidemark = await openTidemark();
  await ask(tidemark, "PUT", "billing", { from: "beginning" });
  const { page } = await openPage(tidemark.url);
  const late = { lag_events: 12, lag_seconds: 7_300 };
  await page.route("**/subscriptions", async (route) => {
    const { count, subscriptions } = await (await route.fetch()).json();
    await route.fulfill({
      json: { count, subscriptions: subscriptions.map((each: object) => ({ ...each, ...late })) },
    });
  });
  await page.reload();

  const finding = page.getByRole("link", {
    name: /^The subscription billing is 2 h behind; last acknowledged: never\.$/,
  });
  await finding.click();

  await page.getByRole("heading", { name: "Subscriptions" }).waitFor();
  await finding.waitFor();
  expect(await page.locator("#status-title").textContent()).toBe("All is well");
  expect(await page.locator("#count-subscriptions").textContent()).toBe(" 1");
});

test("a key without the scope admin sees subscriptions and cannot delete them, and the page says so", async () => {
  const tidemark = await openTidemark({ withKeys: true });
  await ask(tidemark, "PUT", "billing", { from: "beginning" }, KEYS.reader);
  const { page } = await openPage(`${tidemark.url}/#/subscriptions`);
  await page.getByLabel("Key", { exact: true }).fill(KEYS.reader);
  await page.getByRole("button", { name: "Use this key" }).click();

  await page.getByText("Deleting needs a key with the scope admin.").waitFor();
  await page.locator("#subscriptions-table").getByText("billing").waitFor();
  expect(await page.getByRole("button", { name: /^Delete/ }).count()).toBe(0);
});
