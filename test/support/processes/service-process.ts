import { Writable } from "node:stream";
import { type ServiceProcess as RunningService, startService as start } from "@tidemark/programs/service-process";

export interface ServiceProcess extends RunningService {
  /** Returns what the service has written so far. */
  output(): string;
}

/** The time is long, because Node loads some hundred modules at the start while other tests use the same processors. */
const READY_DEADLINE_MS = 45_000;

/** Starts a service and waits until it is ready. The caller must end it. */
export async function startService(name: string, environment: Record<string, string>): Promise<ServiceProcess> {
  const service = await launchService(name, environment);
  try {
    await waitUntilReady(service);
    return service;
  } catch (error) {
    await service.end("SIGKILL");
    throw error;
  }
}

/** Waits until a service is ready. */
export async function waitUntilReady(service: ServiceProcess): Promise<void> {
  await service.ready(READY_DEADLINE_MS).catch((error) => {
    throw new Error(`${error.message}\n${service.output()}`, { cause: error });
  });
}

/** Starts a service without waiting until it is ready. The caller must end it. */
export async function launchService(
  service: string,
  environment: Record<string, string>,
  nodeFlags: readonly string[] = [],
): Promise<ServiceProcess> {
  let text = "";
  const output = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const started = await start({
    service,
    environment: { ...process.env, ...environment },
    port: environment.PORT ? Number(environment.PORT) : undefined,
    output,
    nodeFlags,
  });
  return Object.assign(started, { output: () => text });
}
