import { z } from "zod";

/** What the lists have in common: how many at most, where to go on, and how an instant is written. */

export const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

const WholeLimit = z
  .string()
  .refine((text) => /^\d{1,9}$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_LIMIT, {
    error: `must be a whole number from 1 to ${MAX_LIMIT}`,
  })
  .transform(Number);

const LIMIT = { type: "integer", minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT } as const;

export const Limit = WholeLimit.default(DEFAULT_LIMIT).meta({
  description: "How many at most.",
  example: 100,
  override: LIMIT,
});

/** Where it makes a difference whether one was given. */
export const GivenLimit = WholeLimit.optional().meta({
  description: "How many at most. An export has no limit unless one is given.",
  example: 100,
  override: LIMIT,
});

export const Cursor = z
  .string()
  .optional()
  .meta({ description: "`next_cursor` of the page before, with the same filters and order.", example: "AQEx" });

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
