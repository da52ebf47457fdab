import { z } from "zod";
import type { Operation } from "../operation.ts";
import { problems } from "../problem-schema.ts";
import { PreferenceApplied, PublishAnswerSchema } from "./publish-api.ts";

const ReceiptKey = z.object({
  id: z.string().meta({ description: "The last part of the `Location` of a 202.", example: "AbC" }),
});

const PreferWait = z.object({
  Prefer: z.string().optional().meta({
    description: "A preference (RFC 7240). `wait=N`: wait at most N seconds for the verdicts, and not more than 60.",
    example: "wait=5",
  }),
});

export const readReceipt = {
  method: "get",
  path: "/receipts/{id}",
  scope: ["publish", "read", "admin"],
  operationId: "readReceipt",
  tags: ["Publish"],
  summary: "Read the verdicts of a request that was answered 202",
  description:
    "The answer holds the counts of the request; `pending` is 0 once all verdicts are known. With `Prefer: wait=N` (at " +
    "most 60) the answer comes as soon as they are. A client that waits so and then reads events sees its own writes. A " +
    "receipt is kept for at least 24 hours.",
  requestParams: { path: ReceiptKey, header: PreferWait },
  responses: {
    "200": {
      description: "The verdicts known at this moment.",
      headers: z.object({ "Preference-Applied": PreferenceApplied }),
      content: {
        "application/json": {
          schema: PublishAnswerSchema,
          example: {
            received: 3,
            accepted: 2,
            duplicates: 1,
            pending: 0,
            message: "Received 3 events, accepted 2, dropped 1 duplicate",
          },
        },
      },
    },
    ...problems("invalid_parameter", "not_found", "store_unreachable"),
  },
} satisfies Operation;
