import { openPage } from "@tidemark/test-support/browser/browser-page";
import { expect, test } from "vitest";
import { makeEvent, openTidemark } from "./tidemark.ts";

/** A payload whose three numbers lose digits when JavaScript parses them. */
const EXACT =
  '{"big":12345678901234567890,"small":0.1000000000000000055,"far":1e-400,"list":[1,{}],"text":"<img src=x>"}';

const PRETTY = `{
  "big": 12345678901234567890,
  "small": 0.1000000000000000055,
  "far": 1e-400,
  "list": [
    1,
    {}
  ],
  "text": "<img src=x>"
}`;

function exactEvent({ topic, id, payload = EXACT }: { topic: string; id: string; payload?: string }): string {
  return `{"topic":${JSON.stringify(topic)},"event_id":${JSON.stringify(id)},"timestamp":"2025-10-23T10:00:00Z","source":"s","payload":${payload},"trace":1.50}`;
}

test.each([
  ["an ordinary topic", "t.1", "e-1"],
  ["a topic that a path cannot hold", "..", "a/b?c#d %2F 😀"],
])("an event is found by its topic and id, and its payload keeps every digit: %s", async (_name, topic, id) => {
  const tidemark = await openTidemark();
  await tidemark.publish(exactEvent({ topic, id }), makeEvent());
  const { page, complaints } = await openPage(`${tidemark.url}/#/search`);

  await page.locator("#search-topic").fill(topic);
  await page.locator("#search-id").fill(id);
  await page.locator("#search-id").press("Enter");

  await page.getByRole("heading", { name: id }).waitFor();
  expect(await page.getByLabel("Payload").textContent()).toBe(PRETTY);
  expect(await page.getByLabel("Attributes").textContent()).toBe('{\n  "trace": 1.50\n}');
  await page.getByText("No duplicates on record.").waitFor();
  expect(complaints).toEqual([]);
});

test("the page of an event lists its own duplicates only", async () => {
  const tidemark = await openTidemark();
  const event = { topic: "t", id: "e" };
  await tidemark.publish(exactEvent(event), exactEvent(event), exactEvent({ ...event, payload: '{"big":1}' }));
  await tidemark.publish(exactEvent({ ...event, id: "other" }), exactEvent({ ...event, id: "other" }));

  const { page } = await openPage(`${tidemark.url}/#/search?topic=t&id=e`);

  await page.locator('[data-list="duplicates"] .duplicate').nth(1).waitFor();
  expect(await page.locator('[data-list="duplicates"] .duplicate').count()).toBe(2);
  expect(await page.locator('[data-list="duplicates"] .badge').allTextContents()).toEqual(["conflict"]);
});

test("a search without an id lists the events of a topic, and a search without a result says that", async () => {
  const tidemark = await openTidemark();
  await tidemark.publish(...Array.from({ length: 60 }, () => makeEvent({ topic: "many" })));
  const { page } = await openPage(`${tidemark.url}/#/search?topic=many`);
  const rows = page.locator('[data-list="events"] .rows');

  await rows.nth(49).waitFor();
  await page.getByRole("button", { name: "Show more" }).click();
  await rows.nth(59).waitFor();
  await page.locator("#search-id").fill("missing");
  await page.getByRole("button", { name: "Search" }).click();

  await page.getByText("No event has this topic and id.").waitFor();
});

test("a conflict is shown beside the stored event, and only values that differ are marked", async () => {
  const tidemark = await openTidemark();
  const event = { topic: "t", id: "e" };
  await tidemark.publish(
    exactEvent(event),
    exactEvent({ ...event, payload: EXACT.replace("1234567890,", "1234567891,").replace("[1,{}]", "[1.0,{},2]") }),
  );

  const { page, complaints } = await openPage(`${tidemark.url}/#/conflicts`);

  await page.locator(".conflict .differs").first().waitFor();
  expect(await page.locator(".conflict .differs").allTextContents()).toEqual([
    "payload.big differs1234567890123456789012345678901234567891",
    "payload.list[2] differsabsent2",
  ]);
  expect(complaints).toEqual([]);
});

test("a dead letter stays while the store refuses it, and is counted as stored once the store accepts it", async () => {
  const tidemark = await openTidemark();
  const [bad, good] = [makeEvent({ event_id: "bad" }), makeEvent()];
  await tidemark.refuse("NEW.event_id = 'bad'");
  await tidemark.publish(bad, good);
  const { page } = await openPage(`${tidemark.url}/#/dead-letters`);
  const again = page.getByRole("button", { name: "Try again" });
  const status = page.locator("#status");

  await status.getByText("The store refused 1 event, the oldest on").waitFor();
  await again.click();
  const card = page.locator(".dead-letter");
  await card.getByText("Still a dead letter: the store refused the event again").waitFor();
  expect(await card.locator("h2").textContent()).toBe("browser.test / bad");
  expect(await card.locator(".attempts").textContent()).toBe("2 attempts");
  await tidemark.accept();
  await again.click();

  await page.getByText("The store accepted the event: it is stored now.").waitFor();
  expect(await page.locator(".dead-letter").count()).toBe(0);
  await status.getByText("All is well").waitFor();
  expect(await tidemark.stats()).toMatchObject({ unique_processed: 2, dead_lettered: 0 });
});

test("all dead letters are tried again together, and the navigation counts them", async () => {
  const tidemark = await openTidemark();
  await tidemark.refuse("NEW.event_id IN ('bad', 'worse')");
  await tidemark.publish(makeEvent({ event_id: "bad" }), makeEvent({ event_id: "worse" }), makeEvent());
  const { page, complaints } = await openPage(`${tidemark.url}/#/dead-letters`);
  await page.getByRole("link", { name: "Dead letters 2" }).waitFor();
  await tidemark.accept();

  await page.getByRole("button", { name: "Try all again" }).click();

  await page.getByText("Tried 2 dead letters again: 2 stored, 0 refused again.").waitFor();
  await page.getByText("No dead letters.").waitFor();
  expect(await tidemark.stats()).toMatchObject({ unique_processed: 3, dead_lettered: 0 });
  expect(complaints).toEqual([]);
});

test("events are found by their source and their time, and the address keeps the search", async () => {
  const tidemark = await openTidemark();
  const timestamp = "2025-10-24T10:00:00Z";
  const [wanted, early] = [makeEvent({ source: "shop", timestamp }), makeEvent({ source: "shop" })];
  await tidemark.publish(wanted, early, makeEvent({ timestamp }));
  const { page } = await openPage(`${tidemark.url}/#/search?since=2025-10-24T09:00:00.000Z`);

  await page.locator("#search-results a").first().waitFor(); // only then the page hears keys
  await page.keyboard.press("/");
  await page.locator("#search-topic:focus").waitFor();
  await page.locator("#search-source").fill("shop");
  await page.locator("#search-source").press("Enter");
  await page.waitForURL(/source=shop&since=2025-10-24T09/);
  await page.reload();

  const links = page.locator("#search-results a");
  await links.first().waitFor();
  expect(await links.locator(".id").allTextContents()).toEqual([wanted.event_id]);
});

test("escaped text is shown as characters beside the exact payload", async () => {
  const tidemark = await openTidemark();
  const payload = String.raw`{"text":"Gr\u00fc\u00dfe"}`;
  await tidemark.publish(exactEvent({ topic: "t", id: "e", payload }));
  const { page } = await openPage(`${tidemark.url}/#/search?topic=t&id=e`);

  await page.getByLabel("Payload, readable").waitFor();
  expect(await page.getByLabel("Payload, readable").textContent()).toContain("Grüße");
  expect(await page.getByLabel("Payload", { exact: true }).textContent()).toContain(String.raw`Gr\u00fc\u00dfe`);
});

test("a dead letter is deleted only after a confirmation", async () => {
  const tidemark = await openTidemark();
  await tidemark.refuse("NEW.event_id = 'bad'");
  await tidemark.publish(makeEvent({ event_id: "bad" }), makeEvent());
  const { page, complaints } = await openPage(`${tidemark.url}/#/dead-letters`);
  const ask = page.getByRole("button", { name: "Delete …" });

  await ask.click();
  await page.getByRole("dialog").press("Escape");
  expect(await page.locator(".dead-letter").count()).toBe(1);
  await ask.click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();

  await page.getByText("Deleted.").waitFor();
  await page.locator("#status").getByText("All is well").waitFor();
  expect(await page.locator(".dead-letter").count()).toBe(0);
  expect(await tidemark.stats()).toMatchObject({ unique_processed: 1, dead_lettered: 1 });
  expect(complaints).toEqual([]);
});
