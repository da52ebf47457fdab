import { NO_PARAMETERS, type Operation, type ParametersOf } from "@tidemark/http-api/operation";
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from "fastify";

/** A request whose parameters were parsed by the schemas of its operation. */
type RequestOf<Route extends Operation> = FastifyRequest<{
  Querystring: ParametersOf<Route, "query">;
  Params: ParametersOf<Route, "path">;
}>;

/**
 * Registers an operation of the API at the path and with the schemas that the OpenAPI document shows. Parameters of
 * the query that it does not have are refused, except by public routes, because probes may add their own.
 */
export function registerOperation<Route extends Operation>(
  server: FastifyInstance,
  operation: Route,
  handler: (request: RequestOf<Route>, reply: FastifyReply) => unknown,
  { exposeHeadRoute = true } = {},
): void {
  const { method, path, scope, requestParams } = operation as Operation;
  const schema: FastifySchema = {}; // keys without parameters are omitted, because Fastify warns about them
  if (requestParams?.query !== undefined) schema.querystring = requestParams.query;
  else if (scope !== "none") schema.querystring = NO_PARAMETERS;
  if (requestParams?.path !== undefined) schema.params = requestParams.path;
  server.route({
    method: method.toUpperCase(),
    url: path.replaceAll(/\{(\w+)\}/g, ":$1"),
    schema,
    config: { scope },
    exposeHeadRoute: exposeHeadRoute && method === "get",
    handler: handler as (request: FastifyRequest, reply: FastifyReply) => unknown,
  });
}
