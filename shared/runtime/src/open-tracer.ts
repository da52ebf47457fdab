import type { Logger } from "@tidemark/telemetry/logger";
import type { Tracer } from "@tidemark/telemetry/tracing/tracer";
import type { z } from "zod";
import type { TracingSettings } from "./settings.ts";
import { VERSION } from "./version.ts";

/**
 * Opens the tracer of a service. Returns undefined, and loads nothing of OpenTelemetry, unless the settings name a
 * collector. A service also starts while its collector is down.
 */
export async function openTracer(
  settings: z.infer<typeof TracingSettings>,
  { service, logger }: { service: string; logger: Logger },
): Promise<Tracer | undefined> {
  const {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_TRACES_SAMPLER: sampler,
    TRACES_PER_SECOND: maxPerSecond,
  } = settings;
  if (endpoint === undefined) return undefined;
  const { Tracer } = await import("@tidemark/telemetry/tracing/tracer");
  logger.info({ collector: new URL(endpoint).origin, sampler, maxPerSecond }, "tracing");
  return new Tracer({
    endpoint,
    headers: settings.OTEL_EXPORTER_OTLP_HEADERS ?? {},
    resource: {
      "service.name": `tidemark-${service}`,
      "service.namespace": "tidemark",
      "service.version": VERSION,
      ...settings.OTEL_RESOURCE_ATTRIBUTES,
    },
    sendEveryMs: settings.OTEL_BSP_SCHEDULE_DELAY,
    sampler,
    ratio: settings.OTEL_TRACES_SAMPLER_ARG,
    maxPerSecond,
    logger,
  });
}
