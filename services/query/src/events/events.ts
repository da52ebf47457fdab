import { InvalidInput } from "@tidemark/domain/errors";
import type { EventReader } from "@tidemark/event-store/event-store";
import { EventKey, EventsParameters } from "@tidemark/http-api/operations/events-api";
import { DEFAULT_LIMIT } from "@tidemark/http-api/page-schema";
import type { FastifyInstance } from "fastify";
import { decodeCursor, encodeCursor } from "../paging/cursor.ts";
import { sendJsonText, sendPage } from "../paging/list-page.ts";
import { type PageBudget, takePageRoom } from "../paging/page-room.ts";
import type { WalkBudget } from "../paging/walk-budget.ts";
import { eventsScope, readFilters } from "./event-filters.ts";
import { eventText } from "./event-text.ts";
import { createExports, wantsLines } from "./export.ts";

export interface EventsOptions {
  reader: EventReader;
  budget: PageBudget;
  exportBudget: WalkBudget;
}

/** `GET /events` and `GET /events/{topic}/{event_id}`. */
export function registerEvents(server: FastifyInstance, { reader, budget, exportBudget }: EventsOptions): void {
  const exports = createExports({ reader, budget: exportBudget });
  server.addHook("preClose", async () => exports.end());

  server.get<{ Querystring: EventsParameters }>(
    "/events",
    { schema: { querystring: EventsParameters } },
    async ({ query, headers, method }, reply) => {
      reply.header("vary", "Accept");
      if (wantsLines(headers.accept) && method === "GET") return exports.send(reply, query);
      const { limit = DEFAULT_LIMIT, order, cursor, ...filters } = query;
      const scope = eventsScope(order, filters);
      const after = cursor === undefined ? {} : { after: decodeCursor(cursor, scope) };
      const room = await takePageRoom(budget, reply.raw);
      const { events, next } = await reader.listEvents({ limit, order, ...readFilters(filters), ...after });
      return sendPage(reply, {
        path: "/events",
        parameters: { ...filters, limit, order },
        about: { topic: query.topic ?? null },
        name: "events",
        items: events.map(eventText),
        nextCursor: next === undefined ? undefined : encodeCursor(next, scope),
        room,
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
