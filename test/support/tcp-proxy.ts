import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A wire between a client and a server, to be cut. */
export interface TcpProxy {
  /** The server's address with this wire in between. */
  url: string;
  /** From now on nothing the server says arrives, on the connections that are open. */
  silence(): void;
  /** The server vanishes without a word, as a host does that is frozen: connections stay, new ones open, nobody answers. */
  vanish(): void;
  /** Breaks every connection, and those that are tried later. */
  refuse(): void;
  /** Breaks every connection; new ones work. */
  accept(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(serverUrl: string): Promise<TcpProxy> {
  const target = new URL(serverUrl);
  const pairs = new Set<[client: Socket, server: Socket]>();
  let isAccepting = true;
  let isVanished = false;
  const wire = createServer((client) => {
    if (!isAccepting) {
      client.destroy();
      return;
    }
    const server = connect(Number(target.port), target.hostname);
    const pair: [Socket, Socket] = [client, server];
    pairs.add(pair);
    client.pipe(server);
    if (isVanished) server.resume();
    else server.pipe(client);
    for (const socket of pair) {
      socket.on("error", () => {});
      socket.on("close", () => {
        pairs.delete(pair);
        for (const end of pair) end.destroy();
      });
    }
  });
  wire.listen(0, "127.0.0.1");
  await once(wire, "listening");
  const cut = () => {
    for (const [client] of pairs) client.destroy();
  };
  const silence = () => {
    for (const [client, server] of pairs) {
      server.unpipe(client);
      server.resume();
    }
  };
  const url = new URL(serverUrl);
  url.hostname = "127.0.0.1";
  url.port = String((wire.address() as AddressInfo).port);
  return {
    url: url.toString(),
    silence,
    vanish() {
      isVanished = true;
      silence();
    },
    refuse() {
      isAccepting = false;
      cut();
    },
    accept() {
      isAccepting = true;
      cut();
    },
    async close() {
      cut();
      wire.close();
      await once(wire, "close");
    },
  };
}
