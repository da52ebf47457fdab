import { InvalidInput } from "@tidemark/domain/errors";
import type { DeadLetterStore, Redriven } from "@tidemark/event-store/dead-letters";
import { DeadLetterKey, DeadLettersParameters } from "@tidemark/http-api/operations/dead-letters-api";
import { createProblem, PROBLEM_TYPE } from "@tidemark/http-api/problem";
import type { FastifyInstance, FastifyReply } from "fastify";
import { type CursorScope, decodeCursor, encodeCursor } from "../paging/cursor.ts";
import { sendPage } from "../paging/list-page.ts";
import { type PageBudget, takePageRoom } from "../paging/page-room.ts";
import { deadLetterText } from "./dead-letter-text.ts";

export interface DeadLettersOptions {
  store: Pick<DeadLetterStore, "listDeadLetters" | "redrive" | "deleteDeadLetter">;
  budget: PageBudget;
}

/** `GET /dead-letters`, `POST /dead-letters/{id}/redrive` and `DELETE /dead-letters/{id}`. */
export function registerDeadLetters(server: FastifyInstance, { store, budget }: DeadLettersOptions): void {
  server.get<{ Querystring: DeadLettersParameters }>(
    "/dead-letters",
    { schema: { querystring: DeadLettersParameters } },
    async ({ query }, reply) => {
      const { topic, limit, cursor } = query;
      const scope: CursorScope = { order: "asc", filters: { list: "dead-letters", topic } };
      const room = await takePageRoom(budget, reply.raw);
      const { deadLetters, next } = await store.listDeadLetters({
        limit,
        ...(topic === undefined ? {} : { topic }),
        ...(cursor === undefined ? {} : { after: decodeCursor(cursor, scope) }),
      });
      return sendPage(reply, {
        path: "/dead-letters",
        parameters: { topic, limit },
        name: "dead_letters",
        items: deadLetters.map(deadLetterText),
        nextCursor: next === undefined ? undefined : encodeCursor(next, scope),
        room,
      });
    },
  );

  // Both change the books or lose content for good, at somebody's word: the log keeps when.
  server.post<{ Params: DeadLetterKey }>(
    "/dead-letters/:id/redrive",
    { schema: { params: DeadLetterKey } },
    async ({ params: { id }, log }, reply) => {
      const redriven = await store.redrive(id);
      if (redriven === undefined) throw noSuchLetter();
      if (redriven.status === "refused") {
        log.warn({ deadLetter: id, ...redriven }, "a dead letter was refused again");
        return sendRefusal(reply, redriven);
      }
      log.info({ deadLetter: id, ...redriven }, "redrove a dead letter");
      return { id, status: redriven.status };
    },
  );

  server.delete<{ Params: DeadLetterKey }>(
    "/dead-letters/:id",
    { schema: { params: DeadLetterKey } },
    async ({ params: { id }, log }, reply) => {
      if (!(await store.deleteDeadLetter(id))) throw noSuchLetter();
      log.info({ deadLetter: id }, "deleted a dead letter");
      return reply.code(204).send();
    },
  );
}

function noSuchLetter(): InvalidInput {
  return new InvalidInput({ code: "not_found", status: 404, detail: "no dead letter has this id" });
}

/** An answer, not an error: the store did what was asked, and this is what came of it. */
function sendRefusal(reply: FastifyReply, { code, reason }: Extract<Redriven, { status: "refused" }>): FastifyReply {
  const problem = createProblem(409, "still_refused", `the store refused it again: ${reason}`);
  return reply
    .code(409)
    .header("content-type", PROBLEM_TYPE)
    .send(JSON.stringify({ ...problem, refusal: { code, reason } }));
}
