import type { DiskSpace } from "@tidemark/domain/disk-space";
import { z } from "zod";

const MONITOR_TIMEOUT_MS = 2_000;

/** The part of `/varz` of nats-server 2.15 that is read here. `sync_always` is present only when it is true. */
const VarzAnswer = z.object({
  server_name: z.string(),
  jetstream: z
    .object({
      config: z
        .object({
          sync_interval: z.number().optional(),
          sync_always: z.boolean().default(false),
          max_storage: z.number().optional(),
        })
        .optional(),
      stats: z.object({ storage: z.number() }).optional(),
    })
    .optional(),
});

export type Varz = z.infer<typeof VarzAnswer>;

/** Reads `/varz` of the HTTP monitor of a nats-server. Returns the reason as text when that fails. */
export async function readVarz(monitorUrl: string): Promise<Varz | string> {
  try {
    const url = `${monitorUrl.replace(/\/+$/, "")}/varz`;
    const response = await fetch(url, { signal: AbortSignal.timeout(MONITOR_TIMEOUT_MS) });
    if (!response.ok) return `answers ${response.status}`;
    const parsed = VarzAnswer.safeParse(await response.json());
    return parsed.success ? parsed.data : "does not answer as the monitor of a nats-server does";
  } catch {
    return "does not answer";
  }
}

/**
 * Reads the room that nats-server gives its streams (`max_file_store`), and how much of it is free. By default that is
 * three quarters of the disk as the server found it at its start. The protocol of NATS has neither figure.
 *
 * @returns undefined when the monitor does not show them
 */
export async function readLogDisk(monitorUrl: string): Promise<DiskSpace | undefined> {
  const varz = await readVarz(monitorUrl);
  if (typeof varz === "string") return undefined;
  const sizeBytes = varz.jetstream?.config?.max_storage ?? 0;
  const used = varz.jetstream?.stats?.storage;
  return sizeBytes > 0 && used !== undefined ? { sizeBytes, freeBytes: Math.max(0, sizeBytes - used) } : undefined;
}
