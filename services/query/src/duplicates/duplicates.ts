import type { DuplicateReader } from "@tidemark/event-store/duplicates";
import { listDuplicates } from "@tidemark/http-api/operations/duplicates-api";
import { clientOf } from "@tidemark/runtime/access/client";
import { reachOf } from "@tidemark/runtime/access/topic-reach";
import type { FastifyInstance } from "fastify";
import type { CursorScope, Cursors } from "../paging/cursor.ts";
import { sendPage } from "../paging/list-page.ts";
import type { ReadBudget } from "../paging/read-budget.ts";
import { registerOperation } from "../register-operation.ts";
import { duplicateText } from "./duplicate-text.ts";

export interface DuplicatesOptions {
  cursors: Cursors;
  store: Pick<DuplicateReader, "listDuplicates">;
  budget: ReadBudget;
}

/** Registers `GET /duplicates`, which lists the duplicates that were dropped. */
export function registerDuplicates(server: FastifyInstance, { store, cursors, budget }: DuplicatesOptions): void {
  registerOperation(server, listDuplicates, async (request, reply) => {
    const { query } = request;
    const reach = reachOf(clientOf(request), query.topic);
    const { cursor, ...parameters } = query;
    const { topic, event_id: eventId, source, conflicting, limit } = parameters;
    const filters = { list: "duplicates", topic, event_id: eventId, source, conflicting: conflicting?.toString() };
    const scope: CursorScope = { order: "desc", filters };
    const after = cursors.decode(cursor, scope);
    return sendPage(reply, { cursors, budget, parameters, scope }, async () => {
      const list = { ...reach, eventId, source, conflicting, limit, after };
      const { duplicates, next } = await store.listDuplicates(list);
      return { name: "duplicates", items: duplicates.map(duplicateText), next };
    });
  });
}
