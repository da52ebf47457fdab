import type { AddressInfo } from "node:net";
import createFastify from "fastify";

/** Fastify as it comes: receives a body, parses it, says how many events it holds. */

const server = createFastify({ bodyLimit: 8_000_000 });
server.post("/publish", ({ body }) => ({ received: Array.isArray(body) ? body.length : 1 }));
await server.listen({ host: "127.0.0.1", port: 0 });
process.send?.({ url: `http://127.0.0.1:${(server.server.address() as AddressInfo).port}` });
process.once("disconnect", () => process.exit());
