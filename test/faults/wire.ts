import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Transform } from "node:stream";
import { AckFilter } from "./ack-filter.ts";

/** A wire between one client and one server. What happens to it happens to nobody else. */
export interface Wire {
  readonly port: number;
  /** Breaks every connection. */
  cut(): void;
  /** Breaks every connection, and those that are tried later. */
  refuse(): void;
  /** Each piece of data takes so much longer. */
  slow(delayMs: number): void;
  /**
   * Nothing arrives any more on the connections that are open, and nobody is told. `up`: only what the client says is
   * lost. New connections are whole.
   */
  silence(direction: "up" | "both"): void;
  /** Acknowledgements get lost, everything else arrives; for wires to a broker. */
  loseAcks(): void;
  /** Whole again; silenced connections break. */
  heal(): void;
  close(): Promise<void>;
}

interface Connection {
  client: Socket;
  server: Socket;
  isSilentUp: boolean;
  isSilentDown: boolean;
}

export interface WireOptions {
  targetPort: number;
  /** Whether what the client says is the protocol of NATS. */
  isToBroker?: boolean;
}

export async function openWire({ targetPort, isToBroker = false }: WireOptions): Promise<Wire> {
  const connections = new Set<Connection>();
  let isRefusing = false;
  let isLosingAcks = false;
  let delayMs = 0;

  /** A silent lane keeps its piece for good, and so the sender's buffers fill, as they do towards a host that is gone. */
  const lane = (isSilent: () => boolean, pass = (piece: Buffer) => piece) =>
    new Transform({
      transform(piece, _encoding, done) {
        if (isSilent()) return;
        const passing = pass(piece);
        if (delayMs === 0) done(null, passing);
        else setTimeout(() => (isSilent() ? undefined : done(null, passing)), delayMs);
      },
    });
  const ackFilter = () => {
    const filter = new AckFilter();
    return (piece: Buffer) => {
      filter.isWithholding = isLosingAcks;
      return filter.pass(piece);
    };
  };

  // Half-open sockets, so that an end said by one side reaches the other only behind all its data.
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    client.on("error", () => {});
    if (isRefusing) {
      client.destroy();
      return;
    }
    const server = connect({ port: targetPort, host: "127.0.0.1", allowHalfOpen: true });
    const connection = { client, server, isSilentUp: false, isSilentDown: false };
    connections.add(connection);
    client.pipe(lane(() => connection.isSilentUp, isToBroker ? ackFilter() : undefined)).pipe(server);
    server.pipe(lane(() => connection.isSilentDown)).pipe(client);
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
  return {
    port: (listener.address() as AddressInfo).port,
    cut: () => cut(),
    refuse() {
      isRefusing = true;
      cut();
    },
    slow(ms) {
      delayMs = ms;
    },
    silence(direction) {
      for (const connection of connections) {
        connection.isSilentUp = true;
        if (direction === "both") connection.isSilentDown = true;
      }
    },
    loseAcks() {
      isLosingAcks = true;
    },
    heal() {
      isRefusing = false;
      isLosingAcks = false;
      delayMs = 0;
      cut(({ isSilentUp }) => isSilentUp);
    },
    async close() {
      listener.close();
      cut();
      await once(listener, "close");
    },
  };
}
