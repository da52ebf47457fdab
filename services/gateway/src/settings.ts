import {
  AccessSettings,
  BrokerSettings,
  CA_NEEDS_TLS,
  DurabilitySettings,
  HttpSettings,
  IntakeSettings,
  LogSettings,
  MetricsSettings,
  MonitorSettings,
  ProcessSettings,
  StackSigningSettings,
  TracingSettings,
} from "@tidemark/runtime/settings";

export const GatewaySettings = ProcessSettings.extend(HttpSettings.shape)
  .extend(TracingSettings.shape)
  .extend(MetricsSettings.shape)
  .extend(AccessSettings.shape)
  .extend(IntakeSettings.shape)
  .extend(BrokerSettings.shape)
  .extend(LogSettings.shape)
  .extend(MonitorSettings.shape)
  .extend(DurabilitySettings.shape)
  .extend(StackSigningSettings.shape)
  .refine(...CA_NEEDS_TLS);
