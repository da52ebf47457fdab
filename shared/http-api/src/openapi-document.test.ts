import { expect, test } from "vitest";
import { createOpenApiDocument } from "./openapi-document.ts";

const document = createOpenApiDocument({ version: "1.2.3" });

type Content = Record<string, { schema?: Example; example?: unknown; examples?: Record<string, { value: unknown }> }>;

interface Example {
  example?: unknown;
}

interface ResponseShape {
  $ref?: string;
  headers?: Record<string, { schema: Example }>;
  content?: Content;
}

interface OperationShape {
  operationId: string;
  parameters?: { name: string; schema: Example }[];
  requestBody?: { content: Content };
  responses: Record<string, ResponseShape>;
}

function operations(): OperationShape[] {
  return Object.values(document.paths ?? {}).flatMap((path) => Object.values(path as Record<string, OperationShape>));
}

/** The responses of an operation by status, with references replaced by their targets. */
function responsesOf({ responses }: OperationShape): [status: string, ResponseShape][] {
  const shared = document.components?.responses as Record<string, ResponseShape>;
  return Object.entries(responses).map(([status, response]) => [
    status,
    response.$ref === undefined ? response : (shared[response.$ref.split("/").at(-1) as string] as ResponseShape),
  ]);
}

test("the OpenAPI document is an OpenAPI 3.1 document of the given version", () => {
  expect(document.openapi).toBe("3.1.0");
  expect(document.info.version).toBe("1.2.3");
});

test("the OpenAPI document names every operation once", () => {
  const names = operations().map(({ operationId }) => operationId);
  expect(new Set(names).size).toBe(names.length);
});

test("the OpenAPI document has a problem for every error, except the answer of /health", () => {
  const others = operations().flatMap((operation) =>
    responsesOf(operation)
      .filter(([status, { content }]) => Number(status) >= 400 && !content?.["application/problem+json"])
      .map(([status]) => `${operation.operationId} ${status}`),
  );
  expect(others).toEqual(["readHealth 503"]);
});

test("every operation of the OpenAPI document has the errors of HTTP, of our bugs and of a proxy", () => {
  for (const { operationId, responses } of operations()) {
    const statuses = ["400", "408", "414", "431", "500", "502", "504"];
    expect(Object.keys(responses), operationId).toEqual(expect.arrayContaining(statuses));
  }
});

test("the OpenAPI document lists the problem codes of a status, each with an example", () => {
  const responses = operations().flatMap(responsesOf);
  for (const [status, { content }] of responses.filter(([, { content }]) => content?.["application/problem+json"])) {
    const { schema, examples = {} } = content?.["application/problem+json"] ?? {};
    expect(schema).toMatchObject({ allOf: [{}, { properties: { code: { enum: Object.keys(examples) } } }] });
    for (const [code, { value }] of Object.entries(examples)) {
      expect(value).toMatchObject({ status: Number(status), code });
    }
  }
});

test("the OpenAPI document has an example of every parameter, header, body and answer", () => {
  const without = operations().flatMap((operation) => {
    const { operationId, parameters = [], requestBody } = operation;
    const responses = responsesOf(operation).map(([, response]) => response);
    const contents = [requestBody?.content, ...responses.map(({ content }) => content)];
    const headers = responses.flatMap(({ headers = {} }) => Object.entries(headers));
    return [
      ...parameters.filter(({ schema }) => schema.example === undefined).map(({ name }) => name),
      ...headers.filter(([, { schema }]) => schema.example === undefined).map(([name]) => name),
      ...contents.flatMap((content = {}) =>
        Object.entries(content)
          .filter(([, { schema, example, examples }]) => (example ?? examples ?? schema?.example) === undefined)
          .map(([type]) => type),
      ),
    ].map((what) => `${operationId}: ${what}`);
  });
  expect(without).toEqual([]);
});

test("the OpenAPI document has an example of every format of events", () => {
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

test("the OpenAPI document shows an event as it is validated, with further fields allowed", () => {
  expect(document.components?.schemas?.Event).toMatchObject({
    required: ["topic", "event_id", "timestamp", "source"],
    properties: { topic: { minLength: 1, maxLength: 255 }, timestamp: { format: "date-time" } },
    additionalProperties: {},
  });
});

test("the OpenAPI document shows the limit of a page as a number with its range", () => {
  const parameters = document.paths?.["/events"]?.get?.parameters;
  expect(parameters).toContainEqual(
    expect.objectContaining({
      name: "limit",
      schema: expect.objectContaining({ type: "integer", minimum: 1, maximum: 1000, default: 100 }),
    }),
  );
});
