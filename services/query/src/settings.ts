import { HttpSettings, MonitorSettings, ProcessSettings, StackSettings } from "@tidemark/shared/config";

export const QuerySettings = ProcessSettings.extend(HttpSettings.shape)
  .extend(StackSettings.shape)
  .extend(MonitorSettings.shape);
