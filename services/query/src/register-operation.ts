import type { Operation, ParametersOf } from "@tidemark/http-api/operation";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** A request whose parameters its operation's schemas have read. */
type RequestOf<Route extends Operation> = FastifyRequest<{
  Querystring: ParametersOf<Route, "query">;
  Params: ParametersOf<Route, "path">;
}>;

/** Registers an operation of the API at the path and with the schemas that the OpenAPI document shows. */
export function registerOperation<Route extends Operation>(
  server: FastifyInstance,
  operation: Route,
  handler: (request: RequestOf<Route>, reply: FastifyReply) => unknown,
  { exposeHeadRoute = true } = {},
): void {
  const { method, path, requestParams } = operation as Operation;
  server.route({
    method: method.toUpperCase(),
    url: path.replaceAll(/\{(\w+)\}/g, ":$1"),
    schema: { querystring: requestParams?.query, params: requestParams?.path },
    exposeHeadRoute: exposeHeadRoute && method === "get",
    handler: handler as (request: FastifyRequest, reply: FastifyReply) => unknown,
  });
}
