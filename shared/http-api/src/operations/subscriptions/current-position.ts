import { z } from "zod";
import { Instant } from "../../page-schema.ts";

const Position = z.string().meta({
  description:
    "A cursor: `GET /events?order=asc&cursor=…`, with the `topic` of the subscription if it has one, reads the events behind " +
    "the last acknowledged one.",
  example: "AgAx",
});
const Count = z.int().meta({ description: "The number of events acknowledged.", example: 500 });
const UpdatedAt = Instant.meta({ description: "The time of the last acknowledgement, or that of the creation." });

export const CurrentPosition = z
  .object({ position: Position, acknowledged: Count, updated_at: UpdatedAt })
  .meta({ id: "CurrentPosition", description: "With `subscription_moved`: where the subscription stands." });
