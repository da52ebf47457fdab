import { z } from "zod";
import type { Operation } from "../operation.ts";
import { problems } from "../problem-schema.ts";

export const readMetrics = {
  method: "get",
  path: "/metrics",
  scope: "read",
  operationId: "readMetrics",
  tags: ["Health"],
  summary: "Read the metrics of a single process",
  description:
    "The metrics in the text format of Prometheus. Only `single` answers here. Each service of the stack has its metrics at " +
    "the port that `METRICS_PORT` names, behind no key, and the address of the stack answers 404.",
  responses: {
    "200": {
      description: "The metrics.",
      content: {
        "text/plain": {
          schema: z.string().meta({
            example: "# HELP tidemark_drift_frames ...\n# TYPE tidemark_drift_frames gauge\ntidemark_drift_frames 0\n",
          }),
        },
      },
    },
    ...problems("scope_missing", "topic_forbidden", "invalid_parameter", "not_found"),
  },
} satisfies Operation;
