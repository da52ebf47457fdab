import { z } from "zod";
import type { Operation } from "../operation.ts";
import { problems } from "../problem-schema.ts";
import { PreferenceApplied, PublishAnswerSchema } from "./publish-api.ts";

const ReceiptKey = z.object({
  id: z.string().meta({ description: "From the `Location` of a 202.", example: "AbC" }),
});

const PreferWait = z.object({
  Prefer: z.string().optional().meta({
    description: "RFC 7240: `wait=N`, the seconds to wait at most until the request is judged; 60 and no more.",
    example: "wait=5",
  }),
});

export const readReceipt = {
  method: "get",
  path: "/receipts/{id}",
  operationId: "readReceipt",
  tags: ["Publish"],
  summary: "What became of a request that was answered 202",
  description:
    "The counts of the request, `pending` being 0 once it is judged. With `Prefer: wait=N` (at most 60) the answer comes " +
    "as soon as it is judged: ask, then read, and you read your own writes. Kept for at least 24 hours.",
  requestParams: { path: ReceiptKey, header: PreferWait },
  responses: {
    "200": {
      description: "What is known of the request at this moment.",
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
    ...problems("not_found", "store_unreachable"),
  },
} satisfies Operation;
