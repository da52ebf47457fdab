import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { API_KEY, BASE_URL } from "./environment.ts";
import { eventually } from "./expectations.ts";
import type { Reply } from "./http-client.ts";

/** The header lines that every well-formed request needs. The tests write the other lines themselves. */
const COMMON_HEADERS = [
  `Host: ${BASE_URL.host}`,
  ...(API_KEY === undefined ? [] : [`Authorization: Bearer ${API_KEY}`]),
];

/** Writes a request from the lines of its head and its body. */
export function requestText(requestLine: string, headers: string[], body = ""): string {
  return `${[requestLine, ...COMMON_HEADERS, ...headers].join("\r\n")}\r\n\r\n${body}`;
}

/** Writes a valid publish request. */
export function publishRequest(events: unknown): string {
  const body = JSON.stringify(events);
  const headers = ["Content-Type: application/json", `Content-Length: ${Buffer.byteLength(body)}`, "Prefer: wait=30"];
  return requestText("POST /publish HTTP/1.1", headers, body);
}

/** A connection that sends any bytes and reads the answers. */
export class RawConnection {
  readonly #socket: Socket;
  readonly #ended: Promise<unknown>;
  #received: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => undefined); // a reset also ends the connection, and the bytes before it count
    socket.on("data", (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
    });
    this.#ended = Promise.race([once(socket, "end"), once(socket, "close")]).catch(() => undefined);
  }

  static async open(): Promise<RawConnection> {
    const isTls = BASE_URL.protocol === "https:";
    const host = BASE_URL.hostname.replace(/^\[|\]$/g, "");
    const port = Number(BASE_URL.port || (isTls ? 443 : 80));
    const socket: Socket = isTls
      ? connectTls({ host, port, servername: host })
      : connectTcp({ host, port, allowHalfOpen: true });
    const connection = new RawConnection(socket);
    await once(socket, isTls ? "secureConnect" : "connect");
    return connection;
  }

  /** Resolves to true when the operating system has the bytes, or to false if the other side has closed. */
  async send(bytes: string | Buffer): Promise<boolean> {
    if (!this.isOpen) return false;
    return new Promise((resolve) => this.#socket.write(bytes, (error) => resolve(!error)));
  }

  get isOpen(): boolean {
    return this.#socket.writable && !this.#socket.readableEnded;
  }

  /** Reads nothing more, like a client that is frozen. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** Ends the sending side, and continues to read. */
  finish(): void {
    this.#socket.end();
  }

  /** Destroys the connection. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** The complete answers so far. */
  get answers(): Reply[] {
    return readAnswers(this.#received);
  }

  /** Waits for this number of answers, or until the other side ends the connection. Returns all answers. */
  async untilAnswered(count = 1): Promise<Reply[]> {
    let hasEnded = false;
    void this.#ended.then(() => {
      hasEnded = true;
    });
    const look = async () => this.answers;
    return eventually(`${count} answers`, look, ({ length }) => hasEnded || length >= count, 60_000);
  }

  /** Waits until the other side ends the connection. Returns all answers. */
  async untilClosed(): Promise<Reply[]> {
    await this.#ended;
    this.#socket.destroy();
    return this.answers;
  }
}

/** Splits bytes into answers of HTTP/1.1. An incomplete last one is left out. */
function readAnswers(received: Buffer): Reply[] {
  const answers: Reply[] = [];
  let at = 0;
  for (;;) {
    const bodyStart = received.indexOf("\r\n\r\n", at) + 4;
    if (bodyStart < 4) return answers;
    const [statusLine = "", ...lines] = received.toString("latin1", at, bodyStart - 4).split("\r\n");
    const status = /^HTTP\/1\.1 (\d{3})\b/.exec(statusLine)?.[1];
    if (status === undefined) throw new Error(`not an answer of HTTP/1.1: ${JSON.stringify(statusLine.slice(0, 200))}`);
    const headers = Object.fromEntries(
      lines.map((line) => line.split(/:\s*(.*)/, 2)).map(([n = "", v]) => [n.toLowerCase(), v]),
    );
    const body = readAnswerBody(received.subarray(bodyStart), headers);
    if (body === undefined) return answers;
    at = bodyStart + body.length;
    if (!status.startsWith("1")) answers.push({ status: Number(status), headers, text: body.text });
  }
}

/** Reads a body, and the number of bytes that it takes; undefined while it is incomplete. */
function readAnswerBody(
  bytes: Buffer,
  headers: Record<string, string | undefined>,
): { text: string; length: number } | undefined {
  if (headers["transfer-encoding"] !== "chunked") {
    const length = Number(headers["content-length"] ?? 0);
    return bytes.length < length ? undefined : { text: bytes.toString("utf8", 0, length), length };
  }
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    const end = lineEnd + 2 + size + 2;
    if (end > bytes.length) return undefined;
    if (size === 0) return { text: Buffer.concat(chunks).toString("utf8"), length: end };
    chunks.push(bytes.subarray(lineEnd + 2, end - 2));
    at = end;
  }
}
