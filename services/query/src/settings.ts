import {
  AccessSettings,
  HttpSettings,
  MonitorSettings,
  ProcessSettings,
  StackSettings,
} from "@tidemark/runtime/settings";

export const QuerySettings = ProcessSettings.extend(HttpSettings.shape)
  .extend(AccessSettings.shape)
  .extend(StackSettings.shape)
  .extend(MonitorSettings.shape);
