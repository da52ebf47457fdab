import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface Answer {
  status: number;
  body: string;
}

const ANSWER_DEADLINE_MS = 60_000;
const HEAD_END = Buffer.from("\r\n\r\n");

/**
 * One HTTP/1.1 connection with one request at a time, on a bare socket: about 20 µs of processor time per request. The
 * clients of node:http and k6 take several times that, on the same cores as the service.
 * It reads only answers with a content-length, which is what Tidemark sends.
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

  /** Sends a request, head and body; the buffer can be reused once the answer has arrived. */
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

/** Creates the bytes of a POST; the body is at the end. */
export function makeRequest(url: URL, body: Buffer): Buffer {
  const head = [
    `POST ${url.pathname} HTTP/1.1`,
    `host: ${url.host}`,
    "content-type: application/json",
    `content-length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]);
}
