import { InvalidInput } from "@tidemark/domain/errors";
import type { EventReader } from "@tidemark/event-store/event-store";
import { findEvent, listEvents } from "@tidemark/http-api/operations/events-api";
import { DEFAULT_LIMIT } from "@tidemark/http-api/page-schema";
import { clientOf } from "@tidemark/runtime/access/client";
import { reachOf } from "@tidemark/runtime/access/topic-reach";
import type { FastifyInstance } from "fastify";
import type { Cursors } from "../paging/cursor.ts";
import { sendPage, sendWithin } from "../paging/list-page.ts";
import type { ReadBudgets } from "../paging/read-budget.ts";
import { registerOperation } from "../register-operation.ts";
import { eventsScope, readFilters } from "./event-filters.ts";
import { eventText } from "./event-text.ts";
import { createExports, wantsLines } from "./export.ts";

export interface EventsOptions {
  cursors: Cursors;
  reader: EventReader;
  budgets: Pick<ReadBudgets, "lists" | "exports">;
}

/** Registers `GET /events` and `GET /events/{topic}/{event_id}`. */
export function registerEvents(server: FastifyInstance, { reader, cursors, budgets }: EventsOptions): void {
  const exports = createExports({ reader, cursors, budget: budgets.exports });
  server.addHook("preClose", async () => exports.end());

  registerOperation(server, listEvents, async (request, reply) => {
    const { query, headers, method } = request;
    reply.header("vary", "Accept");
    if (wantsLines(headers.accept) && method === "GET") return exports.send(reply, query);
    const { cursor, limit = DEFAULT_LIMIT, order, ...parameters } = query;
    const filters = readFilters(query, clientOf(request));
    const scope = eventsScope(order, query);
    const after = cursors.decode(cursor, scope);
    const list = { cursors, budget: budgets.lists, parameters: { ...parameters, limit, order }, scope };
    return sendPage(reply, list, async () => {
      const { events, next } = await reader.listEvents({ limit, order, ...filters, after });
      return { about: { topic: query.topic ?? null }, name: "events", items: events.map(eventText), next };
    });
  });

  registerOperation(server, findEvent, async (request, reply) => {
    const { params } = request;
    reachOf(clientOf(request), params.topic);
    return sendWithin(budgets.lists, reply, async () => {
      const event = await reader.findEvent(params.topic, params.event_id);
      if (event !== undefined) return eventText(event);
      throw new InvalidInput({ code: "not_found", status: 404, detail: "no event has this topic and id" });
    });
  });
}
