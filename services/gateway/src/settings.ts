import { HttpSettings, IntakeSettings, ProcessSettings, StackSettings, wholeNumber } from "@tidemark/shared/config";

export const GatewaySettings = ProcessSettings.extend(HttpSettings.shape)
  .extend(IntakeSettings.shape)
  .extend({
    NATS_URL: StackSettings.shape.NATS_URL,
    LOG_MAX_BYTES: wholeNumber({ min: 1_000_000, max: 1_000_000_000_000, preset: 1_073_741_824 }),
    LOG_REPLICAS: wholeNumber({ min: 1, max: 5, preset: 1 }),
  });
