import type { FastifyInstance } from "fastify";

const MAX_BODY_BYTES = 16_384;

/** Lets the routes of a scope take a small JSON body, as bytes. */
export function acceptJson(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    "application/json",
    { parseAs: "buffer", bodyLimit: MAX_BODY_BYTES },
    (_request, body, done) => done(null, body),
  );
}
