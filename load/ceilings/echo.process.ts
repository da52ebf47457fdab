import type { AddressInfo } from "node:net";
import createFastify from "fastify";

/** Fastify with its defaults: receives a body, parses it and answers with the number of events. */

const server = createFastify({ bodyLimit: 8_000_000 });
server.post("/publish", ({ body }) => ({ received: Array.isArray(body) ? body.length : 1 }));
await server.listen({ host: "127.0.0.1", port: 0 });
process.send?.({ url: `http://127.0.0.1:${(server.server.address() as AddressInfo).port}` });
process.once("disconnect", () => process.exit());
