import type { EventReader } from "@tidemark/event-store/event-store";
import { listTopics } from "@tidemark/http-api/operations/topics-api";
import { clientOf } from "@tidemark/runtime/access/client";
import { reachOf } from "@tidemark/runtime/access/topic-reach";
import type { FastifyInstance } from "fastify";
import type { CursorScope, Cursors } from "../paging/cursor.ts";
import { sendPage } from "../paging/list-page.ts";
import type { ReadBudget } from "../paging/read-budget.ts";
import { registerOperation } from "../register-operation.ts";
import { topicStats } from "./stats.ts";

export interface TopicsOptions {
  cursors: Cursors;
  reader: Pick<EventReader, "listTopics">;
  budget: ReadBudget;
}

/** Registers `GET /topics`, which lists all topics that the client reaches, with their books. */
export function registerTopics(server: FastifyInstance, { reader, cursors, budget }: TopicsOptions): void {
  registerOperation(server, listTopics, async (request, reply) => {
    const { cursor, ...parameters } = request.query;
    const { contains, limit } = parameters;
    const { topicPrefixes } = reachOf(clientOf(request), undefined);
    const scope: CursorScope = { order: "asc", filters: { list: "topics", contains } };
    const after = cursors.decode(cursor, scope);
    return sendPage(reply, { cursors, budget, parameters, scope }, async () => {
      const { topics, next } = await reader.listTopics({ topicPrefixes, containing: contains, limit, after });
      return { name: "topics", items: topics.map((books) => JSON.stringify(topicStats(books))), next };
    });
  });
}
