import {
  CA_NEEDS_TLS,
  ConflictSettings,
  DurabilitySettings,
  HttpSettings,
  LogSettings,
  MetricsSettings,
  ProcessSettings,
  RetentionSettings,
  StackSettings,
  TracingSettings,
} from "@tidemark/runtime/settings";

export const ConsumerSettings = ProcessSettings.extend(HttpSettings.shape)
  .extend(TracingSettings.shape)
  .extend(MetricsSettings.shape)
  .extend(StackSettings.shape)
  .extend(LogSettings.shape)
  .extend(DurabilitySettings.shape)
  .extend(ConflictSettings.shape)
  .extend(RetentionSettings.shape)
  .refine(...CA_NEEDS_TLS);
