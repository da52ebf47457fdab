import { once } from "node:events";
import { connect } from "node:net";

export interface NatsMessage {
  subject: string;
  headers: Record<string, string>;
  payload: Buffer;
}

/** Publishes a message in the NATS protocol itself, as another client or another version of Tidemark may. */
export async function publishNatsMessage(url: string, { subject, headers, payload }: NatsMessage): Promise<void> {
  const { hostname, port, username, password } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding("utf8");
  const options = { verbose: false, headers: true, ...(username ? { user: username, pass: password } : {}) };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `NATS/1.0\r\n${lines.join("")}\r\n`;
  socket.write(`CONNECT ${JSON.stringify(options)}\r\n`);
  socket.write(`HPUB ${subject} ${head.length} ${head.length + payload.length}\r\n${head}`);
  socket.write(payload);
  socket.write("\r\nPING\r\n");
  let reply = "";
  while (!reply.includes("PONG")) reply += (await once(socket, "data"))[0];
  socket.destroy();
  if (reply.includes("-ERR")) throw new Error(reply);
}
