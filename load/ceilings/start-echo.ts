import { fork } from "node:child_process";
import { once } from "node:events";

export interface Echo {
  url: string;
  stop(): void;
}

/** Starts the bare Fastify in a separate process. */
export async function startEcho(): Promise<Echo> {
  const child = fork(new URL("./echo.process.ts", import.meta.url), { execArgv: [] });
  const [{ url }] = (await once(child, "message")) as [{ url: string }];
  return { url, stop: () => child.disconnect() };
}
