import { openPage } from "@tidemark/test-support/browser/browser-page";
import { waitFor } from "@tidemark/test-support/wait-for";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { findBarriers } from "./accessibility.ts";
import { KEYS, makeEvent, openTidemark } from "./tidemark.ts";

async function enter(page: Page, key: string): Promise<void> {
  await page.getByLabel("Key", { exact: true }).fill(key);
  await page.getByRole("button", { name: "Use this key" }).click();
}

test("the dashboard asks for a key, says what is wrong with it, and keeps it for this tab only", async () => {
  const tidemark = await openTidemark({ withKeys: true });
  const { page } = await openPage(tidemark.url);
  const requested: string[] = [];
  page.on("request", (request) => requested.push(request.url()));
  await page.getByRole("dialog", { name: "This service needs a key" }).waitFor();
  expect(await findBarriers(page)).toEqual([]);

  await enter(page, "no such key");
  await page.getByText("A key has no spaces").waitFor();
  await enter(page, "unknown");
  await page.getByText("The key is not known.").waitFor();
  await enter(page, KEYS.reader);

  await page.locator("#status").getByText("All is well").waitFor();
  expect(await page.locator("#identity").textContent()).toContain("Key reader: read; all topics");
  expect(await page.locator("#documentation").isHidden()).toBe(true);
  await page.reload();
  await page.locator("#status").getByText("All is well").waitFor();
  const another = await page.context().newPage();
  await another.goto(tidemark.url);
  await another.getByRole("dialog", { name: "This service needs a key" }).waitFor();
  expect(requested.filter((url) => url.includes(KEYS.reader))).toEqual([]);
});

test("signing out forgets the key", async () => {
  const tidemark = await openTidemark({ withKeys: true });
  const { page } = await openPage(tidemark.url);
  await enter(page, KEYS.reader);

  await page.getByRole("button", { name: "Sign out" }).click();

  await page.getByRole("dialog", { name: "This service needs a key" }).waitFor();
  expect(await page.evaluate("sessionStorage.length")).toBe(0);
  for (const leave of [
    () => page.keyboard.press("Escape"),
    () => page.getByRole("button", { name: "Cancel" }).click(),
  ]) {
    await leave();
    await page.getByRole("button", { name: "Enter a key" }).click();
  }
  await enter(page, KEYS.operator);
  await page.locator("#status").getByText("All is well").waitFor();
});

test("the live view follows with a key, which is in no address, and continues after a restart", async () => {
  const tidemark = await openTidemark({ withKeys: true });
  const { page } = await openPage(`${tidemark.url}/#/live`);
  const streams: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("/events/stream")) streams.push(request.url());
  });
  await enter(page, KEYS.reader);
  await page.getByText("Following all topics.").waitFor();
  const ids = () => page.locator("#live-events .id").allTextContents();
  const [before, after] = [makeEvent(), makeEvent()];
  await tidemark.publish(before);
  await waitFor("the first event", async () => (await ids()).length === 1);

  await tidemark.crash();
  await page.getByText("Disconnected. Reconnecting …").waitFor();
  await tidemark.restart();
  await tidemark.publish(before, after);

  await waitFor("both events, each once", async () => {
    expect(await ids()).toEqual([after.event_id, before.event_id]);
    return true;
  });
  expect(streams.length).toBeGreaterThan(1);
  for (const url of streams) expect(new URL(url).search).toBe("");
});

test("dead letters can be changed only with the scope admin, and the page says so", async () => {
  const tidemark = await openTidemark({ withKeys: true });
  await tidemark.refuse("NEW.event_id = 'bad'");
  await tidemark.publish(makeEvent({ event_id: "bad" }), makeEvent());
  const { page, complaints } = await openPage(`${tidemark.url}/#/dead-letters`);
  await enter(page, KEYS.reader);
  await page.locator(".dead-letter").waitFor();

  await page.getByText("Trying again and deleting need a key with the scope admin.").waitFor();
  expect(await page.getByRole("button", { name: "Try again" }).count()).toBe(0);
  await page.getByRole("button", { name: "Sign out" }).click();
  await enter(page, KEYS.operator);
  await tidemark.accept();
  await page.getByRole("button", { name: "Try again" }).click();

  await page.getByText("The store accepted the event: it is stored now.").waitFor();
  // The browser itself writes a line for every 401.
  expect(complaints.filter((text) => !text.includes("401"))).toEqual([]);
});

test("with a key for some topics the page names the hidden topics, and offers no audit", async () => {
  const tidemark = await openTidemark({ withKeys: true });
  await tidemark.publish(makeEvent());
  const { page, complaints } = await openPage(tidemark.url);
  await enter(page, KEYS.limited);

  await page.locator("#status").getByText("All is well in the topics of this key").waitFor();
  await page.locator("#status").getByText("This key sees only its topics").waitFor();
  expect(await page.getByRole("button", { name: "Audit now" }).isHidden()).toBe(true);
  expect(await page.locator("#checks").textContent()).not.toContain("never");
  await page.getByRole("link", { name: "Sources" }).click();
  await page.locator("#sources-list").getByText("this key sees only its topics").waitFor();
  expect(complaints.filter((text) => !text.includes("401"))).toEqual([]);
});

test("with a key without the scope read the page names the missing scope, and another key can be entered", async () => {
  const tidemark = await openTidemark({ withKeys: true });
  const { page, complaints } = await openPage(tidemark.url);
  await enter(page, KEYS.producer);

  await page.locator("#status").getByText("This page needs a key with the scope read.").waitFor();
  expect(await page.locator("#status").getAttribute("data-state")).toBe("unknown");
  expect(await page.locator("#content").isHidden()).toBe(true);
  expect(await findBarriers(page)).toEqual([]);
  await page.getByRole("button", { name: "Use another key" }).click();
  await enter(page, KEYS.reader);

  await page.locator("#status").getByText("All is well").waitFor();
  expect(complaints.filter((text) => !text.includes("401"))).toEqual([]);
});

test("a key that is revoked while the page is open is asked for again, with the reason", async () => {
  const tidemark = await openTidemark({ withKeys: true });
  const { page } = await openPage(tidemark.url);
  await enter(page, KEYS.reader);
  await page.locator("#status").getByText("All is well").waitFor();

  await tidemark.revoke("reader");

  await page.getByRole("dialog", { name: "This service needs a key" }).waitFor();
  await page.locator("#sign-in-reason").getByText("The key is not known.").waitFor();
  await enter(page, KEYS.operator);
  await page.locator("#status").getByText("All is well").waitFor();
});
