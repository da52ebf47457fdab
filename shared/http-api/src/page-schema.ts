import { z } from "zod";

/** The parameters and members that all lists share: limit, cursor and instants. */

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
  description: "The number of entries, at most.",
  example: 100,
  override: LIMIT,
});

/** A limit without a default, for lists where an absent limit has a special meaning. */
export const GivenLimit = WholeLimit.optional().meta({
  description: "The number of events, at most. An export has no limit unless one is given.",
  example: 100,
  override: LIMIT,
});

export const Cursor = z
  .string()
  .optional()
  .meta({ description: "The `next_cursor` of the page before. Filters and order must be the same.", example: "AQEx" });

/** Returns the header of an answer that may have a next page. */
export function nextPageHeaders(example: string) {
  return z.object({
    Link: z
      .string()
      .optional()
      .meta({
        description: "The next page (RFC 8288), if there is one; relative to the address of the request.",
        example: `<${example}>; rel="next"`,
      }),
  });
}

export const NextCursor = z
  .string()
  .nullable()
  .meta({ description: "The cursor of the next page, which `Link` has too; `null` at the end.", example: null });

export const Instant = z.string().meta({
  description: "In UTC, with microseconds.",
  example: "2025-10-23T10:00:00.000000Z",
  format: "date-time",
});
