import { expect, test } from "vitest";
import { createOpenApiDocument } from "./openapi-document.ts";

const document = createOpenApiDocument({ version: "1.2.3" });

interface OperationShape {
  operationId: string;
  responses: Record<string, { content?: Record<string, { examples?: Record<string, unknown> }> }>;
}

function operations(): OperationShape[] {
  return Object.values(document.paths ?? {}).flatMap((path) => Object.values(path as Record<string, OperationShape>));
}

test("is an OpenAPI 3.1 document of the given version", () => {
  expect(document.openapi).toBe("3.1.0");
  expect(document.info.version).toBe("1.2.3");
});

test("names every operation once", () => {
  const names = operations().map(({ operationId }) => operationId);
  expect(new Set(names).size).toBe(names.length);
});

test("documents every error as a problem, but for the health answer", () => {
  const others = operations().flatMap(({ operationId, responses }) =>
    Object.entries(responses)
      .filter(([status, { content }]) => Number(status) >= 400 && !content?.["application/problem+json"])
      .map(([status]) => `${operationId} ${status}`),
  );
  expect(others).toEqual(["readHealth 503"]);
});

test("shows every format of events with an example", () => {
  const body = document.paths?.["/publish"]?.post?.requestBody as { content: Record<string, object> };
  expect(Object.keys(body.content)).toEqual([
    "application/json",
    "application/x-ndjson",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
    "*/*",
  ]);
  for (const [type, content] of Object.entries(body.content)) {
    expect(JSON.stringify(content), type).toMatch(/"examples?":/);
  }
  expect(document.components?.schemas?.CloudEvent).toMatchObject({ required: ["specversion", "type", "id", "source"] });
});

test("shows an event as it is validated, further fields allowed", () => {
  expect(document.components?.schemas?.Event).toMatchObject({
    required: ["topic", "event_id", "timestamp", "source"],
    properties: { topic: { minLength: 1, maxLength: 255 }, timestamp: { format: "date-time" } },
    additionalProperties: {},
  });
});

test("shows the limit of a page as a number with its range", () => {
  const parameters = document.paths?.["/events"]?.get?.parameters;
  expect(parameters).toContainEqual(
    expect.objectContaining({
      name: "limit",
      schema: expect.objectContaining({ type: "integer", minimum: 1, maximum: 1000, default: 100 }),
    }),
  );
});
