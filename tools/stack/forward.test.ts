import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { Agent, createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { findFreePort } from "@tidemark/programs/free-port";
import { expect, onTestFinished, test } from "vitest";
import { forward } from "./forward.ts";

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

/** Starts a server that forwards every request to the targets. */
function serveForwarding(targets: URL[]): Promise<URL> {
  const agent = new Agent();
  return serve((request, response) =>
    forward({ request, response, clientAddress: "192.0.2.1", targets, agent, onLiveStream: () => {} }),
  );
}

const unreachable = async () => new URL(`http://127.0.0.1:${await findFreePort()}`);

test("a request goes to the next target if the first one is unreachable", async () => {
  const target = await serve((request, response) => request.pipe(response.writeHead(201)));
  const edge = await serveForwarding([await unreachable(), target]);

  const answer = await fetch(edge, { method: "POST", body: "an event" });

  expect([answer.status, await answer.text()]).toEqual([201, "an event"]);
});

test("a request that was sent to a target is not sent to another one", async () => {
  let received = 0;
  const breaking = await serve((request) => {
    received++;
    request.socket.destroy();
  });
  const edge = await serveForwarding([breaking, breaking]);

  const answer = await fetch(edge, { method: "POST", body: "an event" });

  expect([answer.status, received]).toEqual([502, 1]);
});

test("without a reachable target the answer is a problem with 502", async () => {
  const edge = await serveForwarding([await unreachable()]);

  const answer = await fetch(edge);

  expect([answer.status, await answer.json()]).toEqual([502, expect.objectContaining({ code: "service_unreachable" })]);
});

test("a person who asked for a page gets one without a reachable target, and nginx has the same", async () => {
  const edge = await serveForwarding([await unreachable()]);

  const answer = await fetch(edge, { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } });

  const page = await answer.text();
  expect([answer.status, answer.headers.get("content-type")]).toEqual([502, "text/html; charset=utf-8"]);
  expect(page).toContain("The query service does not answer");
  const nginx = await readFile(new URL("../../deploy/nginx/nginx.conf", import.meta.url), "utf8");
  expect(nginx).toContain(page);
});

test("a client that leaves ends the request to the target", async () => {
  const left = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const target = await serve((request) => {
    request.socket.once("close", left.resolve);
    arrived.resolve();
  });
  const edge = await serveForwarding([target]);
  const client = new AbortController();
  const answer = fetch(edge, { signal: client.signal }).catch(() => "aborted");

  await arrived.promise;
  client.abort();

  expect(await answer).toBe("aborted");
  await left.promise;
});

test("a target gets the real address of the client, even if the client sends another one", async () => {
  const target = await serve((request, response) => response.end(request.headers["x-forwarded-for"]));
  const edge = await serveForwarding([target]);

  const answer = await fetch(edge, { headers: { "x-forwarded-for": "203.0.113.5" } });

  expect(await answer.text()).toBe("192.0.2.1");
});
