import { Unavailable } from "@tidemark/domain/errors";
import type { StartRecorder } from "@tidemark/event-store/history";
import type { Logger } from "@tidemark/telemetry/logger";

/** Records the start of this process in the history. A process starts even if the store cannot record it. */
export async function recordStart(
  store: StartRecorder,
  { service, logger }: { service: string; logger: Logger },
): Promise<void> {
  try {
    await store.recordStart(service);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    logger.warn({ err: error }, "could not record this start in the history");
  }
}
