import { z } from "zod";
import { type Operation, problems } from "./problem-schema.ts";

export const documentOperation: Operation = {
  operationId: "readOpenApi",
  tags: ["Pages"],
  summary: "This document",
  responses: {
    "200": {
      description: "OpenAPI 3.1.",
      content: { "application/json": { schema: z.record(z.string(), z.unknown()) } },
    },
    ...problems(),
  },
};

export function pageOperation({ operationId, summary }: { operationId: string; summary: string }): Operation {
  return {
    operationId,
    tags: ["Pages"],
    summary,
    responses: {
      "200": { description: "A page.", content: { "text/html": { schema: z.string() } } },
      ...problems(),
    },
  };
}
