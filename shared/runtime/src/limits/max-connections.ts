import type { Server } from "node:http";
import type { Logger } from "@tidemark/telemetry/logger";

export interface MaxConnectionsOptions {
  maxConnections: number;
  logger: Pick<Logger, "warn">;
}

// The interval in which a flood of connections writes one log line.
const REPORT_MS = 10_000;

/** Closes every connection beyond a number at once, and logs how many were closed. */
export function limitConnections(server: Server, { maxConnections, logger }: MaxConnectionsOptions): void {
  let closed = 0;
  server.maxConnections = maxConnections;
  server.on("drop", () => {
    closed++;
    if (closed > 1) return;
    setTimeout(() => {
      logger.warn({ closed, maxConnections }, "connections were closed, because MAX_CONNECTIONS are open");
      closed = 0;
    }, REPORT_MS).unref();
  });
}
