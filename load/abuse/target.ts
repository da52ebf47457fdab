import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** The service, and the address of this machine from which its clients come. */
export interface Target {
  url: string;
  address: string;
  apiKey?: string | undefined;
}

/** Opens a TCP connection. An error on it closes it and is not thrown. */
export async function openConnection({ url, address }: Target): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port || 80), localAddress: address, family: 4 });
  socket.on("error", () => socket.destroy());
  await Promise.race([once(socket, "connect"), once(socket, "close")]);
  if (socket.destroyed) throw new Error("no connection");
  return socket;
}

/** Writes the head of a request. */
export function headOf({ url, apiKey }: Target, requestLine: string, headers: string[] = []): string {
  const { host } = new URL(url);
  const key = apiKey === undefined ? [] : [`Authorization: Bearer ${apiKey}`];
  return [`${requestLine} HTTP/1.1`, `Host: ${host}`, ...key, ...headers, "", ""].join("\r\n");
}
