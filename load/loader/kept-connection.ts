import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface Answer {
  status: number;
  body: string;
}

const ANSWER_DEADLINE_MS = 60_000;
const HEAD_END = Buffer.from("\r\n\r\n");

/**
 * One HTTP/1.1 connection with one request at a time, on a bare socket: about 20 µs of processor time a request. The
 * clients of node:http and k6 take several times that, from the same cores as the service, and would measure themselves.
 * It reads what Tidemark sends, answers with a content-length, and nothing else of HTTP.
 */
export class KeptConnection {
  readonly #socket: Socket;
  #received: Buffer[] = [];
  #waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setTimeout(ANSWER_DEADLINE_MS, () => socket.destroy(new Error("no answer within a minute")));
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("error", (error) => this.#waiting?.reject(error));
    socket.on("close", () => this.#waiting?.reject(new Error("the connection was closed before the answer")));
  }

  static async open(url: URL): Promise<KeptConnection> {
    const socket = connect(Number(url.port), url.hostname);
    await once(socket, "connect");
    return new KeptConnection(socket);
  }

  /** Sends a whole request, head and body; the buffer is free again once the answer is here. */
  send(request: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#received.push(chunk);
    const bytes = this.#received.length === 1 ? chunk : Buffer.concat(this.#received);
    const headEnd = bytes.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = bytes.toString("latin1", 0, headEnd);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    const bodyAt = headEnd + HEAD_END.length;
    if (bytes.length < bodyAt + length) return;
    this.#received = [];
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ status: Number(head.slice(9, 12)), body: bytes.toString("utf8", bodyAt, bodyAt + length) });
  }
}

/** The bytes of a POST of this body; the body's are the last ones. */
export function makeRequest(url: URL, body: Buffer): Buffer {
  const head = [
    `POST ${url.pathname} HTTP/1.1`,
    `host: ${url.host}`,
    "content-type: application/json",
    `content-length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]);
}
