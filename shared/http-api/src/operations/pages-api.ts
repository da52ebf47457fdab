import { z } from "zod";
import { type Operation, problems } from "../problem-schema.ts";

export const documentOperation: Operation = {
  operationId: "readOpenApi",
  tags: ["Pages"],
  summary: "This document",
  responses: {
    "200": {
      description: "OpenAPI 3.1.",
      content: {
        "application/json": {
          schema: z.looseObject({ openapi: z.string(), info: z.looseObject({}), paths: z.looseObject({}) }),
          example: { openapi: "3.1.0", info: { title: "Tidemark", version: "0.1.0" }, paths: {} },
        },
      },
    },
    ...problems(),
  },
};

interface Page {
  operationId: string;
  summary: string;
  /** Where its address without a slash leads, for pages that have one at its end. */
  movedTo?: string;
}

export function pageOperation({ operationId, summary, movedTo }: Page): Operation {
  const page = {
    description: "A page.",
    content: { "text/html": { schema: z.string(), example: "<!doctype html><title>Tidemark</title>" } },
  };
  return {
    operationId,
    tags: ["Pages"],
    summary,
    responses: { ...(movedTo === undefined ? { "200": page } : { "301": moved(movedTo) }), ...problems() },
  };
}

function moved(address: string) {
  return {
    description: "The page is there.",
    headers: z.object({ Location: z.string().meta({ description: "The page.", example: address }) }),
  };
}
