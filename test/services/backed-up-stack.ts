import { natsUrlOfPart } from "@tidemark/programs/nats-server";
import { startOwnService } from "@tidemark/test-support/processes/own-services";
import { expect } from "vitest";
import { publishInTheBackground, readJson, runAdmin, storedIds, WAIT } from "./backing-up.ts";

/** The settings that all parts of a stack share. */
export type Addresses = Record<"NATS_URL" | "DATABASE_URL", string> & Record<string, string>;

const LOG_MAX_BYTES = "64000000"; // of the brokers of tests

/** Starts the parts of a stack. */
export async function startStack(addresses: Addresses) {
  const consumer = await startOwnService("consumer", addresses);
  const [gateway, query] = await Promise.all([
    startOwnService("gateway", addresses),
    startOwnService("query", addresses),
  ]);
  return {
    gateway,
    consumer,
    url: query.url,
    stop: () => Promise.all([gateway, consumer, query].map((part) => part.end("SIGTERM"))),
  };
}

/** Makes a backup with the rights that a backup has in the composed stack. */
export function backUp(file: string, addresses: Addresses) {
  return runAdmin("backup", ["--to", file], { ...addresses, NATS_URL: natsUrlOfPart(addresses.NATS_URL, "backup") });
}

/** Runs a restore with the rights that it has in the composed stack. */
export function restoreTo(addresses: Addresses, ...args: string[]) {
  const settings = { ...addresses, LOG_MAX_BYTES, NATS_URL: natsUrlOfPart(addresses.NATS_URL, "restore") };
  return runAdmin("restore", args, settings);
}

/** Starts the stack and compares it with the events that were confirmed before the backup. */
export async function inspect(addresses: Addresses, before: string[]) {
  const stack = await startStack(addresses);
  await expect.poll(() => readJson(`${stack.url}/stats`), WAIT).toMatchObject({ queue_size: 0 });
  const ids = await storedIds(stack.url);
  const stored = new Set(ids);
  expect(stored.size).toBe(ids.length);
  expect(before.filter((id) => !stored.has(id))).toEqual([]);
  expect(await readJson(`${stack.url}/audit`)).toMatchObject({ balanced: true });
  const stats = await readJson(`${stack.url}/stats`);
  expect(stats).toMatchObject({ drift: 0, queue_size: 0 });
  expect(Number(stats.unconfirmed)).toBeGreaterThanOrEqual(0);
  await expect.poll(() => readJson(`${stack.url}/health`), WAIT).toMatchObject({ status: "healthy" });
  const load = publishInTheBackground(stack.gateway.url, "after");
  await expect.poll(() => load.confirmed.length, WAIT).toBeGreaterThan(100);
  await load.stop();
  await expect.poll(() => readJson(`${stack.url}/stats`), WAIT).toMatchObject({ queue_size: 0, drift: 0 });
  return stats as { last_restore: { lost_events: number; lost_frames: number }; received: number };
}
