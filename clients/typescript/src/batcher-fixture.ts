import { expect } from "vitest";
import type { Batcher, BatcherOptions } from "./batcher.ts";
import type { NewEvent } from "./contract.ts";
import type { FakeService } from "./fake-service.ts";
import { PublishError, TidemarkClient } from "./tidemark-client.ts";

export function eventOf(id: string, topic = "t"): NewEvent {
  return { topic, event_id: id, timestamp: "2025-10-23T10:00:00Z", source: "s" };
}

export function batcherOf(
  { url }: FakeService,
  options: BatcherOptions = {},
  { deadlineMs = 60_000 }: { deadlineMs?: number } = {},
): Batcher {
  const client = new TidemarkClient({ url, deadlineMs, requestTimeoutMs: 5_000, firstDelayMs: 5 });
  return client.batcher({ lingerMs: 0, ...options });
}

/** Returns the ids of each request's events. */
export function sentIds({ bodies }: FakeService): string[][] {
  return bodies.map((body) => JSON.parse(body).map((event: NewEvent) => event.event_id));
}

/** Returns the status to which an event's promise resolved, or the error of its rejection. */
export async function outcomeOf(adding: Promise<{ status: string }>): Promise<string | PublishError> {
  try {
    return (await adding).status;
  } catch (error) {
    expect(error).toBeInstanceOf(PublishError);
    return error as PublishError;
  }
}

export function outcomesOf(addings: Promise<{ status: string }>[]): Promise<(string | PublishError)[]> {
  return Promise.all(addings.map(outcomeOf));
}
