import {
  DurabilitySettings,
  HttpSettings,
  LogSettings,
  ProcessSettings,
  RetentionSettings,
  StackSettings,
} from "@tidemark/shared/config";

export const ConsumerSettings = ProcessSettings.extend(HttpSettings.shape)
  .extend(StackSettings.shape)
  .extend(LogSettings.shape)
  .extend(DurabilitySettings.shape)
  .extend(RetentionSettings.shape);
