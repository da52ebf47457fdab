import { InvalidInput } from "@tidemark/domain/errors";
import type { ErasureCommands } from "@tidemark/event-store/erasure";
import { eraseEvent, eraseEventByQuery } from "@tidemark/http-api/operations/erasure-api";
import { clientOf } from "@tidemark/runtime/access/client";
import { reachOf } from "@tidemark/runtime/access/topic-reach";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { registerOperation } from "../register-operation.ts";

/** Registers `DELETE /events/{topic}/{event_id}`, and `DELETE /events` for keys that no path can hold. */
export function registerErasure(server: FastifyInstance, commands: ErasureCommands): void {
  const erase = async (request: FastifyRequest, reply: FastifyReply, key: { topic: string; event_id: string }) => {
    const { topic, event_id: eventId } = key;
    reachOf(clientOf(request), topic);
    if (!(await commands.eraseEvent(topic, eventId))) {
      throw new InvalidInput({ code: "not_found", status: 404, detail: "no event with this topic and id is stored" });
    }
    // The content is lost permanently, so the erasure is logged. Only the key of the event remains.
    request.log.info({ topic, eventId }, "erased an event");
    return reply.code(204).send();
  };
  registerOperation(server, eraseEvent, (request, reply) => erase(request, reply, request.params));
  registerOperation(server, eraseEventByQuery, (request, reply) => erase(request, reply, request.query));
}
