import { readWhoami, type WhoamiAnswer } from "@tidemark/http-api/operations/whoami-api";
import { clientOf } from "@tidemark/runtime/access/client";
import type { FastifyInstance } from "fastify";
import { registerOperation } from "./register-operation.ts";

/** Registers `GET /whoami`, which shows a client the rights of its key. */
export function registerWhoami(server: FastifyInstance): void {
  registerOperation(server, readWhoami, async (request, reply): Promise<WhoamiAnswer> => {
    const { name, scopes, topics } = clientOf(request);
    reply.header("cache-control", "no-store");
    return { name: name ?? null, scopes: [...scopes], topics: topics === undefined ? null : [...topics] };
  });
}
