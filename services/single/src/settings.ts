import {
  DurabilitySettings,
  HttpSettings,
  IntakeSettings,
  ProcessSettings,
  RetentionSettings,
  wholeNumber,
} from "@tidemark/runtime/settings";
import { z } from "zod";

export const SingleSettings = ProcessSettings.extend(HttpSettings.shape)
  .extend(IntakeSettings.shape)
  .extend(DurabilitySettings.shape)
  .extend(RetentionSettings.shape)
  .extend({
    DATABASE_PATH: z.string().default("data/tidemark.db"),
    QUEUE_MAX_SIZE: wholeNumber({ min: 1, max: 10_000_000, preset: 10_000 }),
  });
