import { Agent as HttpAgent, type IncomingHttpHeaders, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { isIP } from "node:net";
import { API_KEY, BASE_URL } from "./environment.ts";

/** A complete answer with its unchanged text. */
export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

export interface Call {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Sends the body without Content-Length. */
  chunked?: boolean;
}

const HOST = BASE_URL.hostname.replace(/^\[|\]$/g, "");
const isHttps = BASE_URL.protocol === "https:";
const agent = isHttps ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
const openRequest = isHttps ? requestHttps : requestHttp;

/** Sends exactly this path and these bytes; `fetch` would normalise them. */
export function call(path: string, { method = "GET", headers = {}, body, chunked = false }: Call = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = openRequest({
      host: HOST,
      servername: isIP(HOST) === 0 ? HOST : "", // otherwise that of a Host header which a test sets
      port: BASE_URL.port || (isHttps ? 443 : 80),
      path,
      method,
      // A refused upload ends its connection, so uploads do not share one.
      agent: body === undefined ? agent : false,
      headers: { ...authorization(), ...length(body, chunked), ...headers },
    });
    request.setTimeout(60_000, () => request.destroy(new Error(`${method} ${path}: no answer within 60 s`)));
    request.on("error", reject);
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    request.end(body);
  });
}

function authorization(): Record<string, string> {
  return API_KEY === undefined ? {} : { authorization: `Bearer ${API_KEY}` };
}

function length(body: string | Buffer | undefined, chunked: boolean): Record<string, string> {
  if (body === undefined) return {};
  return chunked ? { "transfer-encoding": "chunked" } : { "content-length": String(Buffer.byteLength(body)) };
}

export type JsonObject = Record<string, unknown>;

/** Reads the body of an answer, which must be a JSON object. */
export function readJson(reply: Reply): JsonObject {
  const value: unknown = JSON.parse(reply.text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`no object: ${reply.text}`);
  return value as JsonObject;
}

/** Reads a resource that must exist. */
export async function getJson(path: string): Promise<JsonObject> {
  const reply = await call(path);
  if (reply.status !== 200) throw new Error(`GET ${path}: ${reply.status} ${reply.text}`);
  return readJson(reply);
}
