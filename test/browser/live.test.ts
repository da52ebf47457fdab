import { openPage } from "@tidemark/test-support/browser/browser-page";
import { waitFor } from "@tidemark/test-support/wait-for";
import { expect, test } from "vitest";
import { makeEvent, openTidemark } from "./tidemark.ts";

async function openLive(url: string) {
  const opened = await openPage(`${url}/#/live`);
  await opened.page.getByText("Following all topics.").waitFor();
  const ids = () => opened.page.locator("#live-events .id").allTextContents();
  const untilIds = (wanted: string[]) =>
    waitFor(`the events ${wanted}`, async () => {
      expect(await ids()).toEqual(wanted);
      return true;
    });
  return { ...opened, ids, untilIds };
}

test("new events are shown as they are stored, the newest first, and duplicates are not shown", async () => {
  const tidemark = await openTidemark();
  await tidemark.publish(makeEvent());
  const { untilIds, complaints } = await openLive(tidemark.url);
  const [one, two] = [makeEvent(), makeEvent()];

  await tidemark.publish(one);
  await untilIds([one.event_id]);
  await tidemark.publish(one, two);

  await untilIds([two.event_id, one.event_id]);
  expect(complaints).toEqual([]);
});

test("the paused live view counts new events, and shows them when it is resumed", async () => {
  const tidemark = await openTidemark();
  const { page, ids, untilIds } = await openLive(tidemark.url);
  const event = makeEvent();
  await page.getByRole("button", { name: "Pause" }).click();

  await tidemark.publish(event);
  await page.getByText("Paused. 1 new event.").waitFor();
  expect(await ids()).toEqual([]);
  await page.getByRole("button", { name: "Resume" }).click();

  await untilIds([event.event_id]);
});

test("the live view of a topic shows only events of this topic", async () => {
  const tidemark = await openTidemark();
  const { page, untilIds } = await openLive(tidemark.url);
  const topic = "a topic/with & odd? letters";
  const [wanted, other] = [makeEvent({ topic }), makeEvent()];

  await page.locator("#live-topic").fill(topic);
  await page.getByRole("button", { name: "Follow" }).click();
  await page.getByText(`Following ${topic}.`).waitFor();
  await page.getByText(`No event has the topic ${topic} yet.`).waitFor();
  await tidemark.publish(other, wanted);

  await untilIds([wanted.event_id]);
  expect(new URL(page.url()).hash).toContain("topic=a+topic");
});

test("the live view continues after a restart of the service without a gap or a repetition", async () => {
  const tidemark = await openTidemark();
  const { page, untilIds } = await openLive(tidemark.url);
  const [before, after] = [makeEvent(), makeEvent()];
  await tidemark.publish(before);
  await untilIds([before.event_id]);

  await tidemark.crash();
  await page.getByText("Disconnected. Reconnecting …").waitFor();
  await tidemark.restart();
  await tidemark.publish(before, after);

  await untilIds([after.event_id, before.event_id]);
});

test("a line of the live view opens its event", async () => {
  const tidemark = await openTidemark();
  const { page, untilIds } = await openLive(tidemark.url);
  const event = makeEvent({ topic: "..", payload: { n: 1 } });
  await tidemark.publish(event);
  await untilIds([event.event_id]);

  await page.locator("#live-events a").press("Enter");

  await page.getByRole("heading", { name: event.event_id }).waitFor();
});
