import { InvalidInput } from "@tidemark/domain/errors";
import type { DeadLetterCommands, DeadLetterStore, Redriven } from "@tidemark/event-store/dead-letters";
import { deleteDeadLetter, listDeadLetters, redriveDeadLetter } from "@tidemark/http-api/operations/dead-letters-api";
import { createProblem, PROBLEM_TYPE } from "@tidemark/http-api/problem";
import { type Client, clientOf } from "@tidemark/runtime/access/client";
import { reachOf } from "@tidemark/runtime/access/topic-reach";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { CursorScope, Cursors } from "../paging/cursor.ts";
import { sendPage } from "../paging/list-page.ts";
import type { ReadBudget } from "../paging/read-budget.ts";
import { registerOperation } from "../register-operation.ts";
import { deadLetterText } from "./dead-letter-text.ts";

export interface DeadLettersOptions {
  store: Pick<DeadLetterStore, "listDeadLetters" | "findDeadLetterTopic">;
  commands: DeadLetterCommands;
  cursors: Cursors;
  budget: ReadBudget;
}

/** Registers `GET /dead-letters`, `POST /dead-letters/{id}/redrive` and `DELETE /dead-letters/{id}`. */
export function registerDeadLetters(
  server: FastifyInstance,
  { store, commands, cursors, budget }: DeadLettersOptions,
): void {
  registerOperation(server, listDeadLetters, async (request, reply) => {
    const { query } = request;
    const reach = reachOf(clientOf(request), query.topic);
    const { cursor, ...parameters } = query;
    const { topic, limit } = parameters;
    const scope: CursorScope = { order: "asc", filters: { list: "dead-letters", topic } };
    const after = cursors.decode(cursor, scope);
    return sendPage(reply, { cursors, budget, parameters, scope }, async () => {
      const { deadLetters, next } = await store.listDeadLetters({ ...reach, limit, after });
      return { name: "dead_letters", items: deadLetters.map(deadLetterText), next };
    });
  });

  /** @throws {InvalidInput} 404 if the client does not reach the topic, as if there were no such dead letter */
  async function requireReach(client: Client, id: string): Promise<void> {
    if (client.topics === undefined) return;
    const topic = await store.findDeadLetterTopic(id);
    if (topic === undefined || !client.mayReach(topic)) throw noSuchDeadLetter();
  }

  // Redriving changes the books, and deleting loses content permanently, so both are logged.
  registerOperation(server, redriveDeadLetter, async (request, reply) => {
    const { log, params } = request;
    const { id } = params;
    await requireReach(clientOf(request), id);
    const redriven = await commands.redrive(id);
    if (redriven === undefined) throw noSuchDeadLetter();
    if (redriven.status === "refused") {
      log.warn({ deadLetter: id, ...redriven }, "a dead letter was refused again");
      return sendRefusal(reply, redriven);
    }
    log.info({ deadLetter: id, ...redriven }, "redrove a dead letter");
    return { id, status: redriven.status };
  });

  registerOperation(server, deleteDeadLetter, async (request, reply) => {
    const { log, params } = request;
    const { id } = params;
    await requireReach(clientOf(request), id);
    if (!(await commands.deleteDeadLetter(id))) throw noSuchDeadLetter();
    log.info({ deadLetter: id }, "deleted a dead letter");
    return reply.code(204).send();
  });
}

function noSuchDeadLetter(): InvalidInput {
  return new InvalidInput({ code: "not_found", status: 404, detail: "no dead letter has this id" });
}

/** Answers 409. It is an answer and not an error, because the store completed the request with this outcome. */
function sendRefusal(reply: FastifyReply, { code, reason }: Extract<Redriven, { status: "refused" }>): FastifyReply {
  const problem = createProblem(409, "still_refused", `the store refused the event again: ${reason}`);
  return reply
    .code(409)
    .header("content-type", PROBLEM_TYPE)
    .send(JSON.stringify({ ...problem, refusal: { code, reason } }));
}
