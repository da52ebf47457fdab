import {
  AccessSettings,
  HttpSettings,
  MonitorSettings,
  ProcessSettings,
  StackSettings,
  StackSigningSettings,
} from "@tidemark/runtime/settings";

export const QuerySettings = ProcessSettings.extend(HttpSettings.shape)
  .extend(AccessSettings.shape)
  .extend(StackSettings.shape)
  .extend(MonitorSettings.shape)
  .extend(StackSigningSettings.shape);
