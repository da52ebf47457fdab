import { clientOf } from "@tidemark/runtime/access/client";
import type { FastifyReply } from "fastify";
import type { CursorScope, Cursors } from "./cursor.ts";
import type { ReadBudget } from "./read-budget.ts";

export interface ListRequest {
  cursors: Cursors;
  budget: ReadBudget;
  /** The parameters that the link to the next page repeats. */
  parameters: Record<string, string | number | boolean | undefined>;
  scope: CursorScope;
}

export interface ListPage {
  /** Members of the answer in front of its count. */
  about?: Record<string, string | null>;
  /** The list's name in the answer. */
  name: string;
  /** JSON texts, so that stored text is sent as it is. */
  items: string[];
  /** The store's position behind the page, undefined at the end of the list. */
  next: string | undefined;
}

/** Reads one page of a list within its budget, and answers it with a link to the next page if there is one. */
export async function sendPage(
  reply: FastifyReply,
  { cursors, budget, parameters, scope }: ListRequest,
  read: () => Promise<ListPage>,
): Promise<FastifyReply> {
  return sendWithin(budget, reply, async () => {
    const { next, ...content } = await read();
    const nextCursor = next === undefined ? undefined : cursors.encode(next, scope);
    if (nextCursor !== undefined) reply.header("link", nextLink({ ...parameters, cursor: nextCursor }));
    return pageText({ ...content, nextCursor });
  });
}

/** Reads the text of an answer within a budget, and holds its room until the client has taken the answer. */
export async function sendWithin(
  budget: ReadBudget,
  reply: FastifyReply,
  readText: () => Promise<string>,
  mediaType = "application/json",
): Promise<FastifyReply> {
  // The answer is bytes and not text, because a slow client would keep the text in the heap beside the socket's bytes
  // of it.
  const read = async () => ({ bytes: Buffer.from(await readText()) });
  const page = await budget.read(read, { clientId: clientOf(reply.request).id });
  if (reply.raw.destroyed) page.release();
  else reply.raw.once("close", page.release);
  return reply.header("content-type", `${mediaType}; charset=utf-8`).send(page.bytes);
}

type PageContent = Omit<ListPage, "next"> & { nextCursor: string | undefined };

export function pageText({ about = {}, name, items, nextCursor }: PageContent): string {
  const head = JSON.stringify({ ...about, count: items.length }).slice(0, -1);
  return `${head},${JSON.stringify(name)}:[${items.join(",")}],"next_cursor":${JSON.stringify(nextCursor ?? null)}}`;
}

/** Returns the next page as a web link (RFC 8288) relative to the address of this page, so that it is right behind any path prefix. */
function nextLink(parameters: ListRequest["parameters"]): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) query.set(name, `${value}`);
  }
  return `<?${query}>; rel="next"`;
}
