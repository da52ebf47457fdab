import { randomBytes } from "node:crypto";
import { InvalidInput } from "@tidemark/domain/errors";
import type { Acknowledgement, Subscription } from "@tidemark/event-store/subscriptions";
import type { CursorScope, Cursors } from "../paging/cursor.ts";

/** The content of a page's cursor: where the subscription stood, the end of the page, and the id of the page. */
type PageCursor = Omit<Acknowledgement, "name">;

function scopeOf(name: string): CursorScope {
  return { order: "asc", filters: { list: "subscription", name } };
}

/** Returns the cursor of a page that was read behind a subscription. Two readings of one page have different cursors. */
export function encodePage(
  cursors: Cursors,
  { name, createdAt, position, acknowledged }: Subscription,
  { to, events }: Pick<PageCursor, "to" | "events">,
): string {
  const pageId = randomBytes(9).toString("base64url");
  return cursors.encode([createdAt, position, acknowledged, to, events, pageId].join("|"), scopeOf(name));
}

/** @throws {InvalidInput} `invalid_cursor` for a cursor of another list or subscription, or none of this service */
export function decodePage(cursors: Cursors, name: string, cursor: string): Acknowledgement {
  const text = cursors.decode(cursor, scopeOf(name)) as string;
  const [createdAt, from, acknowledged, to, events, pageId] = text.split("|");
  if (createdAt === undefined || from === undefined || to === undefined || pageId === undefined) {
    throw new InvalidInput({ code: "invalid_cursor", status: 400, detail: "the cursor is not that of a page" });
  }
  return { name, createdAt, from, acknowledged: Number(acknowledged), to, events: Number(events), pageId };
}
