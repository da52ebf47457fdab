import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Transform } from "node:stream";

/** A TCP proxy between clients and one server, which can disturb their connections. */
export interface TcpProxy {
  readonly port: number;
  /** The server's URL with the address of the proxy. */
  readonly url: string;
  /** Resets every connection; new ones work. */
  cut(): void;
  /** Resets every connection, and each new one. */
  refuse(): void;
  /** Delays each chunk of data. */
  slow(delayMs: number): void;
  /**
   * Holds back all data of the open connections, in one direction or in both, without closing them. New connections
   * work. `up` is the direction from the client to the server.
   */
  silence(direction: Direction | "both"): void;
  /** Behaves like a frozen host: connections stay and new ones open, but the server's data no longer arrives. */
  vanish(): void;
  /** Ends every disturbance. Silenced connections break. */
  heal(): void;
  close(): Promise<void>;
}

export interface TcpProxyOptions {
  /** Creates, for each connection, a function that returns the part of the client's data to pass on. */
  createFilter?: () => (chunk: Buffer) => Buffer;
}

type Direction = "up" | "down";

interface Connection {
  client: Socket;
  server: Socket;
  silent: Set<Direction>;
}

export async function startTcpProxy(serverUrl: string, { createFilter }: TcpProxyOptions = {}): Promise<TcpProxy> {
  const { hostname, port: serverPort } = new URL(serverUrl);
  const connections = new Set<Connection>();
  let isRefusing = false;
  let isVanished = false;
  let delayMs = 0;

  // A silenced direction never finishes its chunk, so the sender's buffers fill as if the other host had disappeared.
  const lane = (isSilent: () => boolean, pass = (chunk: Buffer) => chunk) =>
    new Transform({
      transform(chunk, _encoding, done) {
        if (isSilent()) return;
        const passing = pass(chunk);
        if (delayMs === 0) done(null, passing);
        else setTimeout(() => (isSilent() ? undefined : done(null, passing)), delayMs);
      },
    });

  // The sockets may be half-open, because the end of one side must reach the other side only after all data.
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    client.on("error", () => {});
    if (isRefusing) {
      client.destroy();
      return;
    }
    const server = connect({ port: Number(serverPort), host: hostname, allowHalfOpen: true });
    const connection: Connection = { client, server, silent: new Set(isVanished ? ["down"] : []) };
    connections.add(connection);
    client.pipe(lane(() => connection.silent.has("up"), createFilter?.())).pipe(server);
    server.pipe(lane(() => connection.silent.has("down"))).pipe(client);
    const breakOff = () => {
      connections.delete(connection);
      client.destroy();
      server.destroy();
    };
    for (const end of [client, server]) {
      end.on("error", breakOff);
      end.on("close", () => {
        if (client.closed && server.closed) connections.delete(connection);
      });
    }
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");

  const cut = (isConcerned: (connection: Connection) => boolean = () => true) => {
    for (const connection of [...connections].filter(isConcerned)) {
      connections.delete(connection);
      connection.client.resetAndDestroy();
      connection.server.resetAndDestroy();
    }
  };
  const silence = (...directions: Direction[]) => {
    for (const { silent } of connections) for (const direction of directions) silent.add(direction);
  };
  const { port } = listener.address() as AddressInfo;
  const url = new URL(serverUrl);
  url.host = `127.0.0.1:${port}`;
  return {
    port,
    url: url.toString(),
    cut: () => cut(),
    refuse() {
      isRefusing = true;
      cut();
    },
    slow(ms) {
      delayMs = ms;
    },
    silence: (direction) => (direction === "both" ? silence("up", "down") : silence(direction)),
    vanish() {
      isVanished = true;
      silence("down");
    },
    heal() {
      isRefusing = false;
      isVanished = false;
      delayMs = 0;
      cut(({ silent }) => silent.size > 0);
    },
    async close() {
      listener.close();
      cut();
      await once(listener, "close");
    },
  };
}
