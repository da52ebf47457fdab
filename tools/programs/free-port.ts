import { randomInt } from "node:crypto";
import { createServer } from "node:net";

// The operating system gives ports from 32,768 (Linux) or 49,152 (others) on to outgoing connections. Such a connection could take
// a port between its choice and the start of its program, so that ports are chosen below them.
const FREE = { first: 10_000, end: 20_000 };
const STEADY = { first: 20_000, end: 30_000 };

/** Finds a loopback port that no process listens on and that no outgoing connection is given. */
export function findFreePort(): Promise<number> {
  return findPort(FREE);
}

/**
 * Finds a port for a server that is down at times, in a range from which `findFreePort` takes none. Otherwise another service
 * could answer in its place meanwhile.
 */
export function findSteadyPort(): Promise<number> {
  return findPort(STEADY);
}

async function findPort({ first, end }: { first: number; end: number }): Promise<number> {
  for (;;) {
    const port = randomInt(first, end);
    if (await isFree(port)) return port;
  }
}

/**
 * Returns whether no process listens on a loopback port.
 *
 * @throws {Error} if a server cannot listen for any other reason than that the port is taken
 */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  server.once("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EADDRINUSE") resolve(false);
    else reject(error);
  });
  server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  return promise;
}
