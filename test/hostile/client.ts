import { Agent, request as send } from "node:http";
import type { HostileRequest } from "./cases.ts";

/** The end of a request: the status of its answer, or 0 without one, and the bytes on the wire. */
export interface Outcome {
  status: number;
  bytesIn: number;
  bytesOut: number;
}

/** Sends a request on a new connection. A lost connection is an outcome without a status. */
export function exchange(baseUrl: string, hostile: HostileRequest, signal: AbortSignal): Promise<Outcome> {
  const { method, path, headers, body } = hostile;
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const agent = new Agent({ keepAlive: false });
  const length = { ...(body.length > 0 && { "content-length": body.length }) };
  const request = send(new URL(path, baseUrl), { method, headers: { ...headers, ...length }, agent, signal });
  const end = (status: number) => {
    const { bytesWritten = 0, bytesRead = 0 } = request.socket ?? {};
    resolve({ status, bytesIn: bytesWritten, bytesOut: bytesRead });
    agent.destroy();
  };
  request.on("error", () => end(0));
  request.on("response", (response) => {
    response.resume();
    response.on("error", () => end(0));
    response.on("end", () => end(response.statusCode ?? 0));
  });
  request.end(body);
  return promise;
}

/** Requests `/livez` repeatedly until the signal is aborted. Returns the longest time of an answer, in milliseconds. */
export async function longestAnswerMs(baseUrl: string, signal: AbortSignal): Promise<number> {
  let longest = 0;
  while (!signal.aborted) {
    const beganAt = performance.now();
    await fetch(`${baseUrl}/livez`, { signal }).then(
      (answer) => answer.text(),
      () => "",
    );
    longest = Math.max(longest, performance.now() - beganAt);
  }
  return longest;
}
