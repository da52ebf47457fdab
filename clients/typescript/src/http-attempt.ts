/** A complete answer. */
export interface Answer {
  status: number;
  headers: Headers;
  /** The parsed JSON body; undefined if it is not JSON. */
  body: unknown;
  ms: number;
}

/**
 * The result of an attempt without a complete answer. `wasSent` is false if the connection was never made, so that no
 * event can have been stored.
 */
export interface NoAnswer {
  reason: string;
  wasSent: boolean;
}

const NEVER_CONNECTED = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
]);

const INTERRUPTED = "interrupted";

export type RequestOptions = RequestInit & { timeoutMs: number };

/**
 * Makes one request over a connection that is kept alive, and reads the whole answer. A redirect is an answer and is not
 * followed: another address would get the key, and a POST would become a GET (RFC 9110, section 15.4.2).
 */
export async function attempt(url: URL, { timeoutMs, signal, ...init }: RequestOptions): Promise<Answer | NoAnswer> {
  const startedAt = performance.now();
  // AbortSignal.timeout would keep each request and its body in memory until the time limit, even after the answer.
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), timeoutMs);
  try {
    if (signal?.aborted) return { reason: INTERRUPTED, wasSent: false };
    const response = await fetch(url, {
      ...init,
      redirect: "manual",
      signal: AbortSignal.any([timeout.signal, ...(signal ? [signal] : [])]),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: parseJson(text),
      ms: performance.now() - startedAt,
    };
  } catch (error) {
    if (signal?.aborted) return { reason: INTERRUPTED, wasSent: true };
    if (timeout.signal.aborted) return { reason: `no answer within ${timeoutMs} ms`, wasSent: true };
    return explain(error);
  } finally {
    clearTimeout(timer);
  }
}

export function isAnswer(result: Answer | NoAnswer): result is Answer {
  return "status" in result;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function explain(error: unknown): NoAnswer {
  if (!(error instanceof Error)) return { reason: String(error), wasSent: true };
  const causes = error.cause instanceof AggregateError ? error.cause.errors : [error.cause];
  const codes = causes.map((cause: NodeJS.ErrnoException | undefined) => cause?.code ?? cause?.message ?? "");
  const reason = [...new Set(codes)].filter(Boolean).join(", ") || error.message;
  return { reason, wasSent: !codes.every((code) => NEVER_CONNECTED.has(code)) };
}
