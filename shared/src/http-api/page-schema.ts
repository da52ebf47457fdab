import { z } from "zod";

/** What the lists have in common: how many at most, where to go on, and how an instant is written. */

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

export const Limit = z
  .string()
  .refine((text) => /^\d{1,9}$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_LIMIT, {
    error: `must be a whole number from 1 to ${MAX_LIMIT}`,
  })
  .transform(Number)
  .default(DEFAULT_LIMIT)
  .meta({
    description: "How many at most.",
    override: { type: "integer", minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT },
  });

export const Cursor = z
  .string()
  .optional()
  .meta({ description: "`next_cursor` of the page before, with the same filters and order." });

/** The header of an answer that has a next page. */
export function nextPageHeaders(example: string) {
  return z.object({
    Link: z
      .string()
      .optional()
      .meta({ description: "The next page (RFC 8288), where there is one.", example: `<${example}>; rel="next"` }),
  });
}

export const NextCursor = z
  .string()
  .nullable()
  .meta({ description: "Where to go on; `null` at the end. The same stands in `Link`.", example: null });

export const Instant = z.string().meta({
  description: "UTC, microseconds.",
  example: "2025-10-23T10:00:00.000000Z",
  format: "date-time",
});
