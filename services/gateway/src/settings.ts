import {
  AccessSettings,
  DurabilitySettings,
  HttpSettings,
  IntakeSettings,
  LogSettings,
  MonitorSettings,
  ProcessSettings,
  StackSettings,
} from "@tidemark/runtime/settings";

export const GatewaySettings = ProcessSettings.extend(HttpSettings.shape)
  .extend(AccessSettings.shape)
  .extend(IntakeSettings.shape)
  .extend(StackSettings.pick({ NATS_URL: true }).shape)
  .extend(LogSettings.shape)
  .extend(MonitorSettings.shape)
  .extend(DurabilitySettings.shape);
