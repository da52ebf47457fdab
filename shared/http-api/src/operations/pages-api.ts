import { z } from "zod";
import type { Operation } from "../operation.ts";
import { problems } from "../problem-schema.ts";

export const readOpenApi = {
  method: "get",
  path: "/openapi.json",
  scope: "read",
  operationId: "readOpenApi",
  tags: ["Pages"],
  summary: "Read this document",
  responses: {
    "200": {
      description: "OpenAPI 3.1.",
      content: {
        "application/json": {
          schema: z.looseObject({ openapi: z.string(), info: z.looseObject({}), paths: z.looseObject({}) }),
          example: { openapi: "3.1.0", info: { title: "Tidemark", version: "1.0.0" }, paths: {} },
        },
      },
    },
    ...problems("invalid_parameter"),
  },
} satisfies Operation;

const PAGE = {
  description: "A page.",
  content: { "text/html": { schema: z.string(), example: "<!doctype html><title>Tidemark</title>" } },
};

/**
 * Returns the redirect from a path to the same path with a final slash, because the page names its files relative to
 * it.
 */
function moved(example: string) {
  return {
    description: "The address of the page.",
    headers: z.object({
      Location: z.string().meta({ description: "The page, relative to the address of the request.", example }),
    }),
  };
}

export const readDocs = {
  method: "get",
  path: "/docs",
  scope: "read",
  operationId: "readDocs",
  tags: ["Pages"],
  summary: "Try the API (Swagger UI)",
  responses: { "301": moved("docs/"), ...problems("invalid_parameter") },
} satisfies Operation;

export const readReference = {
  method: "get",
  path: "/redoc",
  scope: "read",
  operationId: "readReference",
  tags: ["Pages"],
  summary: "Read the API reference (Redoc)",
  responses: { "301": moved("redoc/"), ...problems("invalid_parameter") },
} satisfies Operation;

export const readDashboard = {
  method: "get",
  path: "/",
  scope: "none",
  operationId: "readDashboard",
  tags: ["Pages"],
  summary: "Open the dashboard",
  responses: { "200": PAGE, ...problems() },
} satisfies Operation;
