import {
  AccessSettings,
  ConflictSettings,
  DurabilitySettings,
  HttpSettings,
  IntakeSettings,
  ProcessSettings,
  QueueSettings,
  RetentionSettings,
  SigningSettings,
  StoreFileSettings,
  TracingSettings,
} from "@tidemark/runtime/settings";

export const SingleSettings = ProcessSettings.extend(HttpSettings.shape)
  .extend(TracingSettings.shape)
  .extend(AccessSettings.shape)
  .extend(IntakeSettings.shape)
  .extend(DurabilitySettings.shape)
  .extend(ConflictSettings.shape)
  .extend(RetentionSettings.shape)
  .extend(SigningSettings.shape)
  .extend(StoreFileSettings.shape)
  .extend(QueueSettings.shape);
