import { once } from "node:events";
import { createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/**
 * Starts a proxy that serves a Tidemark below a path and forwards requests without that path, like a reverse proxy. Any
 * other path is answered 404. Returns the URL of the path, with a slash at its end.
 */
export async function startPrefixProxy(target: string, path: string): Promise<string> {
  const proxy = createServer((request, response) => {
    if (!request.url?.startsWith(path)) {
      response.writeHead(404).end(`nothing is served at ${request.url}`);
      return;
    }
    const url = new URL(target);
    const options = { host: url.hostname, port: url.port, method: request.method, headers: request.headers };
    const forwarded = send({ ...options, path: `/${request.url.slice(path.length)}` }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
    });
    forwarded.on("error", () => response.destroy());
    response.once("close", () => forwarded.destroy());
    request.pipe(forwarded);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${path}`;
}
