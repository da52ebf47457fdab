import { createProblem, type Problem } from "@tidemark/http-api/problem";
import { shorten } from "@tidemark/json/shorten";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** Remembers the routes that are registered from now on. Returns a function that lists the methods of a path. */
export function rememberRoutes(server: FastifyInstance): (path: string) => string[] {
  const routes: { segments: string[]; methods: string[] }[] = [];
  server.addHook("onRoute", ({ url, method }) => {
    routes.push({ segments: url.split("/"), methods: [method].flat() });
  });
  return (path) => {
    const wanted = path.split("/");
    const matching = routes.filter(
      ({ segments }) =>
        segments.length === wanted.length &&
        segments.every((segment, index) => segment.startsWith(":") || segment === wanted[index]),
    );
    return [...new Set(matching.flatMap(({ methods }) => methods))];
  };
}

/** Describes a request for a path that does not exist (404), or for a method that the path does not have (405). */
export function unknownRoute(
  findMethods: (path: string) => string[],
  { method, url }: FastifyRequest,
  reply: FastifyReply,
): Problem {
  const path = url.split("?")[0] ?? url;
  const methods = findMethods(path).join(", ");
  if (methods === "") return createProblem(404, "not_found", `there is no resource at ${shorten(path)}`);
  reply.header("allow", methods);
  return createProblem(405, "method_not_allowed", `${shorten(path)} allows ${methods}, not ${method}`);
}
