import {
  AccessSettings,
  CA_NEEDS_TLS,
  HttpSettings,
  MetricsSettings,
  MonitorSettings,
  ProcessSettings,
  RetentionSettings,
  StackSettings,
  StackSigningSettings,
  TracingSettings,
} from "@tidemark/runtime/settings";

export const QuerySettings = ProcessSettings.extend(HttpSettings.shape)
  .extend(TracingSettings.shape)
  .extend(MetricsSettings.shape)
  .extend(AccessSettings.shape)
  .extend(StackSettings.shape)
  .extend(RetentionSettings.pick({ RETENTION_DAYS: true }).shape)
  .extend(MonitorSettings.shape)
  .extend(StackSigningSettings.shape)
  .refine(...CA_NEEDS_TLS);
