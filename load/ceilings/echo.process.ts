import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";

/** Fastify as it comes: receives a body, parses it, says how many events it holds. */
interface BareFastify {
  post(path: string, handler: (request: { body: unknown }) => unknown): void;
  listen(options: { host: string; port: number }): Promise<string>;
  server: { address(): AddressInfo };
}

// The gateway's own Fastify, the very version that the product runs on.
const requireOfGateway = createRequire(new URL("../../services/gateway/package.json", import.meta.url));
const createFastify = requireOfGateway("fastify") as (options: { bodyLimit: number }) => BareFastify;

const server = createFastify({ bodyLimit: 8_000_000 });
server.post("/publish", ({ body }) => ({ received: Array.isArray(body) ? body.length : 1 }));
await server.listen({ host: "127.0.0.1", port: 0 });
process.send?.({ url: `http://127.0.0.1:${server.server.address().port}` });
process.once("disconnect", () => process.exit());
