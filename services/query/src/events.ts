import { InvalidInput } from "@tidemark/shared/errors";
import type { EventReader } from "@tidemark/shared/event-store/event-store";
import { EventKey, EventsParameters } from "@tidemark/shared/http-api/events-api";
import type { FastifyInstance, FastifyReply } from "fastify";
import { type CursorScope, decodeCursor, encodeCursor } from "./cursor.ts";
import { eventText, pageText } from "./event-text.ts";

/** `GET /events` and `GET /events/{topic}/{event_id}`. */
export function registerEvents(server: FastifyInstance, { reader }: { reader: EventReader }): void {
  server.get<{ Querystring: EventsParameters }>(
    "/events",
    { schema: { querystring: EventsParameters } },
    async ({ query }, reply) => {
      const { topic, limit, order, cursor } = query;
      const scope: CursorScope = { order, filters: { list: "events", topic } };
      const { events, next } = await reader.listEvents({
        limit,
        order,
        ...(topic === undefined ? {} : { topic }),
        ...(cursor === undefined ? {} : { after: decodeCursor(cursor, scope) }),
      });
      const nextCursor = next === undefined ? undefined : encodeCursor(next, scope);
      if (nextCursor !== undefined) reply.header("link", nextLink(query, nextCursor));
      return sendJsonText(reply, pageText({ topic, events, nextCursor }));
    },
  );

  server.get<{ Params: EventKey }>(
    "/events/:topic/:event_id",
    { schema: { params: EventKey } },
    async ({ params }, reply) => {
      const event = await reader.findEvent(params.topic, params.event_id);
      if (event === undefined) {
        throw new InvalidInput({ code: "not_found", status: 404, detail: "no event has this topic and id" });
      }
      return sendJsonText(reply, eventText(event));
    },
  );
}

/** The next page as a web link (RFC 8288), relative, so that it holds behind any edge. */
function nextLink({ topic, limit, order }: EventsParameters, cursor: string): string {
  const parameters = new URLSearchParams({
    ...(topic === undefined ? {} : { topic }),
    limit: `${limit}`,
    order,
    cursor,
  });
  return `</events?${parameters}>; rel="next"`;
}

function sendJsonText(reply: FastifyReply, text: string): FastifyReply {
  return reply.header("content-type", "application/json; charset=utf-8").send(text);
}
