import http, { type RefinedResponse } from "k6/http";

const BASE_URL = __ENV.BASE_URL || "http://localhost:8080";
const HEADERS: Record<string, string> = {
  "content-type": "application/json",
  ...(__ENV.API_KEY ? { "x-api-key": __ENV.API_KEY } : {}),
};
const TIMEOUT = "30s";

export type Answer = RefinedResponse<"text">;

/** Requests carry the name of their route, so that k6 has one metric for each route instead of each URL. */
export function get(route: string, path: string = route, headers: Record<string, string> = {}): Answer {
  return http.get(`${BASE_URL}${path}`, {
    headers: { ...HEADERS, ...headers },
    tags: { name: route },
    responseType: "text",
    timeout: TIMEOUT,
  });
}

export function post(path: string, body: unknown): Answer {
  return http.post(`${BASE_URL}${path}`, JSON.stringify(body), {
    headers: HEADERS,
    tags: { name: path },
    responseType: "text",
    timeout: TIMEOUT,
  });
}

/** Returns the body as an object, empty if it is not JSON. k6's own `json()` does not keep the order of keys. */
export function bodyOf(answer: Answer): Record<string, unknown> {
  try {
    return JSON.parse(answer.body);
  } catch {
    return {};
  }
}
