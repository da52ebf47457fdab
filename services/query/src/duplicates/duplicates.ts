import type { DuplicateReader } from "@tidemark/event-store/duplicates";
import { DuplicatesParameters } from "@tidemark/http-api/operations/duplicates-api";
import type { FastifyInstance } from "fastify";
import { type CursorScope, decodeCursor, encodeCursor } from "../paging/cursor.ts";
import { sendPage } from "../paging/list-page.ts";
import { type PageBudget, takePageRoom } from "../paging/page-room.ts";
import { duplicateText } from "./duplicate-text.ts";

export interface DuplicatesOptions {
  store: Pick<DuplicateReader, "listDuplicates">;
  budget: PageBudget;
}

/** `GET /duplicates`: the copies that were dropped. */
export function registerDuplicates(server: FastifyInstance, { store, budget }: DuplicatesOptions): void {
  server.get<{ Querystring: DuplicatesParameters }>(
    "/duplicates",
    { schema: { querystring: DuplicatesParameters } },
    async ({ query }, reply) => {
      const { topic, event_id, source, conflicting, limit, cursor } = query;
      const filters = { list: "duplicates", topic, event_id, source, conflicting: conflicting?.toString() };
      const scope: CursorScope = { order: "desc", filters };
      const room = await takePageRoom(budget, reply.raw);
      const { duplicates, next } = await store.listDuplicates({
        limit,
        ...(topic === undefined ? {} : { topic }),
        ...(event_id === undefined ? {} : { eventId: event_id }),
        ...(source === undefined ? {} : { source }),
        ...(conflicting === undefined ? {} : { conflicting }),
        ...(cursor === undefined ? {} : { after: decodeCursor(cursor, scope) }),
      });
      return sendPage(reply, {
        path: "/duplicates",
        parameters: { topic, event_id, source, conflicting, limit },
        name: "duplicates",
        items: duplicates.map(duplicateText),
        nextCursor: next === undefined ? undefined : encodeCursor(next, scope),
        room,
      });
    },
  );
}
