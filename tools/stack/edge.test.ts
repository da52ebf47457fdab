import { createLogger } from "@tidemark/telemetry/logger";
import { expect, onTestFinished, test, vi } from "vitest";
import { startEdge } from "./edge.ts";

test.each([
  ["0.0.0.0", true, 1],
  ["127.0.0.1", true, 0],
  ["0.0.0.0", false, 0],
] as const)("an edge at %s warns if it is open (%s) to other machines", async (host, isOpen, warnings) => {
  const logger = createLogger({ service: "test", level: "silent" });
  const warn = vi.spyOn(logger, "warn");

  const edge = await startEdge({ host, port: 0, gateways: [], queries: [], isOpen, logger });
  onTestFinished(() => edge.stop());

  expect(warn).toHaveBeenCalledTimes(warnings);
});
