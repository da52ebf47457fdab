import { z } from "zod";
import type { Operation } from "../operation.ts";
import { problems } from "../problem-schema.ts";
import { SCOPES } from "../scope.ts";

export const WhoamiAnswer = z
  .object({
    name: z
      .string()
      .nullable()
      .meta({ description: "The name of the key; `null` on a service without keys, which is open.", example: "shop" }),
    scopes: z.array(z.enum(SCOPES)).meta({ description: "The scopes of the key.", example: ["publish", "read"] }),
    topics: z
      .array(z.string())
      .nullable()
      .meta({ description: "The prefixes of the topics that it reaches; `null`: all topics.", example: ["orders."] }),
  })
  .meta({ id: "WhoamiAnswer" });

export type WhoamiAnswer = z.infer<typeof WhoamiAnswer>;

export const readWhoami = {
  method: "get",
  path: "/whoami",
  scope: SCOPES,
  operationId: "readWhoami",
  tags: ["Health"],
  summary: "Read the rights of the key of this request",
  description:
    "Pages and programs can thus offer only the actions that their key allows. Every valid key may send this request.",
  responses: {
    "200": {
      description: "The key of the request.",
      content: {
        "application/json": {
          schema: WhoamiAnswer,
          example: { name: "shop", scopes: ["publish", "read"], topics: ["orders."] },
        },
      },
    },
    ...problems("invalid_parameter"),
  },
} satisfies Operation;
