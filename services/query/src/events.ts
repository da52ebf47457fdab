import { ByteBudget } from "@tidemark/shared/byte-budget";
import { InvalidInput } from "@tidemark/shared/errors";
import { type EventReader, MAX_PAGE_BYTES } from "@tidemark/shared/event-store/event-store";
import { EventKey, EventsParameters } from "@tidemark/shared/http-api/events-api";
import type { FastifyInstance } from "fastify";
import { type CursorScope, decodeCursor, encodeCursor } from "./cursor.ts";
import { eventText } from "./event-text.ts";
import { sendJsonText, sendPage } from "./list-page.ts";

// Pages being read, or sent to clients however slow: memory follows this, not the number of clients.
const MAX_BYTES_IN_FLIGHT = 16 * MAX_PAGE_BYTES;
const MAX_WAIT_FOR_ROOM_MS = 2_000;

/** `GET /events` and `GET /events/{topic}/{event_id}`. */
export function registerEvents(server: FastifyInstance, { reader }: { reader: EventReader }): void {
  const budget = new ByteBudget({ maxBytes: MAX_BYTES_IN_FLIGHT, maxWaitMs: MAX_WAIT_FOR_ROOM_MS });

  server.get<{ Querystring: EventsParameters }>(
    "/events",
    { schema: { querystring: EventsParameters } },
    async ({ query }, reply) => {
      const { topic, limit, order, cursor } = query;
      const scope: CursorScope = { order, filters: { list: "events", topic } };
      const room = budget.enter();
      reply.raw.once("close", room.release);
      await room.grow(MAX_PAGE_BYTES);
      const { events, next } = await reader.listEvents({
        limit,
        order,
        ...(topic === undefined ? {} : { topic }),
        ...(cursor === undefined ? {} : { after: decodeCursor(cursor, scope) }),
      });
      const items = events.map(eventText);
      room.shrinkTo(items.reduce((bytes, text) => bytes + text.length, 0));
      return sendPage(reply, {
        path: "/events",
        parameters: { topic, limit, order },
        about: { topic: topic ?? null },
        name: "events",
        items,
        nextCursor: next === undefined ? undefined : encodeCursor(next, scope),
      });
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
