import { z } from "zod";
import type { ZodOpenApiOperationObject } from "zod-openapi";
import type { RouteScope } from "./scope.ts";

/** A route of the API. Services register it with the same path and schemas that the OpenAPI document shows. */
export interface Operation extends ZodOpenApiOperationObject {
  method: "get" | "post" | "put" | "delete";
  path: string;
  scope: RouteScope;
}

/** The query of an operation without parameters. Any parameter is refused, so that a client notices a wrong name. */
export const NO_PARAMETERS = z.strictObject({});

/** The parameters of an operation in its path or its query, as its schema reads them. */
export type ParametersOf<Route extends Operation, Place extends "path" | "query"> = Route extends {
  requestParams: Record<Place, infer Schema extends z.ZodType>;
}
  ? z.output<Schema>
  : unknown;
