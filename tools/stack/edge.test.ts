import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createLogger } from "@tidemark/telemetry/logger";
import { expect, onTestFinished, test, vi } from "vitest";
import { startEdge } from "./edge.ts";

test.each([
  ["0.0.0.0", true, 1],
  ["127.0.0.1", true, 0],
  ["0.0.0.0", false, 0],
] as const)("an edge at %s warns if it is open (%s) to other machines", async (host, isOpen, warnings) => {
  const logger = createLogger({ service: "test", level: "silent" });
  const warn = vi.spyOn(logger, "warn");

  const edge = await startEdge({ host, port: 0, gateways: [], queries: [], isOpen, logger });
  onTestFinished(() => edge.stop());

  expect(warn).toHaveBeenCalledTimes(warnings);
});

test.each([
  ["/publish", "gateway"],
  ["/publish/", "gateway"],
  ["/publish/?a=1", "gateway"],
  ["/publisher", "query"],
  ["/publish//", "query"],
])("the edge sends %s to the %s, as nginx does", async (path, part) => {
  const [gateways, queries] = [[await serve("gateway")], [await serve("query")]];
  const logger = createLogger({ service: "test", level: "silent" });
  const edge = await startEdge({ host: "127.0.0.1", port: 0, gateways, queries, logger });
  onTestFinished(() => edge.stop());

  const answer = await fetch(new URL(path, edge.url), { method: "POST", body: "an event" });

  expect(await answer.text()).toBe(part);
});

/** Starts a service that answers every request with its name. */
async function serve(name: string): Promise<URL> {
  const server = createServer((request, response) => request.resume().once("end", () => response.end(name)));
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}
