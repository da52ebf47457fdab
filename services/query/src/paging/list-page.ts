import type { FastifyReply } from "fastify";
import type { PageRoom } from "./page-room.ts";

export interface ListPage {
  path: string;
  /** What was asked for, as the link to the next page repeats it. */
  parameters: Record<string, string | number | boolean | undefined>;
  /** What the answer says first, before it counts. */
  about?: Record<string, string | null>;
  /** The list's name in the answer. */
  name: string;
  /** JSON texts, so that what was kept as text goes out as it is. */
  items: string[];
  nextCursor: string | undefined;
  /** What was taken for it before it was read. */
  room: PageRoom;
}

/** Answers one page of a list, with a link to the next one where there is one. */
export function sendPage(reply: FastifyReply, page: ListPage): FastifyReply {
  if (page.nextCursor !== undefined) reply.header("link", nextLink(page, page.nextCursor));
  // Bytes, not text: a slow client would keep text in the heap beside what the socket made of it.
  const body = Buffer.from(pageText(page));
  page.room.shrinkTo(body.length);
  return sendJsonText(reply, body);
}

export function sendJsonText(reply: FastifyReply, text: string | Buffer): FastifyReply {
  return reply.header("content-type", "application/json; charset=utf-8").send(text);
}

export function pageText({
  about = {},
  name,
  items,
  nextCursor,
}: Omit<ListPage, "path" | "parameters" | "room">): string {
  const head = JSON.stringify({ ...about, count: items.length }).slice(0, -1);
  return `${head},${JSON.stringify(name)}:[${items.join(",")}],"next_cursor":${JSON.stringify(nextCursor ?? null)}}`;
}

/** The next page as a web link (RFC 8288), relative, so that it holds behind any edge. */
function nextLink({ path, parameters }: Pick<ListPage, "path" | "parameters">, cursor: string): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...parameters, cursor })) {
    if (value !== undefined) query.set(name, `${value}`);
  }
  return `<${path}?${query}>; rel="next"`;
}
