import { once } from "node:events";
import { connect } from "node:net";

export interface WireMessage {
  subject: string;
  headers: Record<string, string>;
  payload: Buffer;
}

/** Publishes over the bare NATS protocol: what a client of another make, or another version of ours, may send. */
export async function publishOnTheWire(url: string, { subject, headers, payload }: WireMessage): Promise<void> {
  const { hostname, port, username, password } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding("utf8");
  const hello = { verbose: false, headers: true, ...(username ? { user: username, pass: password } : {}) };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `NATS/1.0\r\n${lines.join("")}\r\n`;
  socket.write(`CONNECT ${JSON.stringify(hello)}\r\n`);
  socket.write(`HPUB ${subject} ${head.length} ${head.length + payload.length}\r\n${head}`);
  socket.write(payload);
  socket.write("\r\nPING\r\n");
  let said = "";
  while (!said.includes("PONG")) said += (await once(socket, "data"))[0];
  socket.destroy();
  if (said.includes("-ERR")) throw new Error(said);
}
