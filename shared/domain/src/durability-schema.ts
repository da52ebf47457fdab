import { z } from "zod";
import type { Durability } from "./durability.ts";

export const DurabilityReport: z.ZodType<Durability> = z
  .object({
    status: z.enum(["safe", "unsafe", "unknown"]),
    findings: z.array(
      z.object({
        part: z.enum(["log", "store"]),
        detail: z.string().meta({
          description: "The setting, its value, and what to set instead.",
          example: "PostgreSQL runs with fsync=off: committed events can be lost with the power; set fsync=on",
        }),
      }),
    ),
  })
  .meta({ id: "Durability" });
