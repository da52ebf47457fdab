import { type Counts, countsOf, readPublishAnswer } from "@tidemark/client/answer";
import { parseExactly, type StoredPage } from "./stored-event.ts";

/** The fields of `GET /stats` that the checks use. */
export interface Stats {
  received: number;
  unique_processed: number;
  duplicate_dropped: number;
  conflicts: number;
  dead_lettered: number;
  queue_size: number | null;
  by_topic: {
    topic: string;
    received: number;
    unique_processed: number;
    duplicate_dropped: number;
    dead_lettered: number;
  }[];
  by_source: { source: string; duplicate_dropped: number }[];
  /** Null while the service does not know it. */
  drift: number | null;
  /** The events that the log has confirmed to gateways, and the others. Null while the service does not know them. */
  confirmed: number | null;
  unconfirmed: number | null;
}

/** A duplicate as `GET /duplicates` lists it. */
export interface DroppedDuplicate {
  topic: string;
  event_id: string;
  source: string;
  conflict: boolean;
  /** The content, if it differs from the stored event. */
  event?: { source: string; payload: unknown };
}

/** The field of `GET /audit` that the checks use. */
export interface Audit {
  balanced: boolean;
}

const TIMEOUT_MS = 10_000;
const AUDIT_TIMEOUT_MS = 120_000;
const PAGE_EVENTS = 1_000;

async function get(url: URL, timeoutMs = TIMEOUT_MS): Promise<string> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url.pathname} answered ${answer.status}: ${text}`);
  return text;
}

export async function readStats(service: URL): Promise<Stats> {
  return JSON.parse(await get(new URL("/stats", service))) as Stats;
}

/** Reads the counts of a receipt. */
export async function readReceipt(service: URL, path: string): Promise<Counts | undefined> {
  const judged = readPublishAnswer(JSON.parse(await get(new URL(path, service))));
  return judged && countsOf(judged);
}

/** Reads all stored events, page by page, in the order in which they were stored. */
export async function* walkEvents(service: URL): AsyncGenerator<StoredPage["events"]> {
  for (let cursor: string | undefined; ; ) {
    const url = new URL(`/events?order=asc&limit=${PAGE_EVENTS}`, service);
    if (cursor !== undefined) url.searchParams.set("cursor", cursor);
    const page = parseExactly(await get(url)) as StoredPage;
    if (page.events.length === 0) return;
    yield page.events;
    cursor = page.next_cursor;
  }
}

/** Reads all duplicates that are listed. */
export async function listDropped(service: URL): Promise<DroppedDuplicate[]> {
  const listed: DroppedDuplicate[] = [];
  for (let cursor: string | undefined; ; ) {
    const url = new URL(`/duplicates?limit=${PAGE_EVENTS}`, service);
    if (cursor !== undefined) url.searchParams.set("cursor", cursor);
    const page = JSON.parse(await get(url)) as { duplicates: DroppedDuplicate[]; next_cursor: string | null };
    listed.push(...page.duplicates);
    if (page.next_cursor === null) return listed;
    cursor = page.next_cursor;
  }
}

/** Lets the service recount its books. */
export async function readAudit(service: URL): Promise<Audit> {
  return JSON.parse(await get(new URL("/audit", service), AUDIT_TIMEOUT_MS)) as Audit;
}
