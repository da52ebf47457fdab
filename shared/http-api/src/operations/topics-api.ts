import { z } from "zod";
import type { Operation } from "../operation.ts";
import { Cursor, Limit, NextCursor, nextPageHeaders } from "../page-schema.ts";
import { problems } from "../problem-schema.ts";
import { TopicStats } from "./stats-api.ts";

const MAX_TEXT = 255;

const TopicsParameters = z.strictObject({
  contains: z.string().min(1).max(MAX_TEXT).optional().meta({
    description: "Selects the topics whose name contains this text, whatever the case of its ASCII letters.",
    example: "login",
  }),
  limit: Limit,
  cursor: Cursor,
});

const TopicsAnswer = z
  .object({
    count: z.int().meta({ description: "The number of topics in this answer.", example: 1 }),
    topics: z.array(TopicStats),
    next_cursor: NextCursor,
  })
  .meta({ id: "TopicsAnswer" });

export type TopicsAnswer = z.infer<typeof TopicsAnswer>;

const LOGIN = {
  topic: "user.login",
  received: 80,
  unique_processed: 60,
  duplicate_dropped: 20,
  conflicts: 0,
  dead_lettered: 0,
  last_processed_at: "2025-10-23T10:00:00.000000Z",
};

export const listTopics = {
  method: "get",
  path: "/topics",
  scope: "read",
  operationId: "listTopics",
  tags: ["Books"],
  summary: "List all topics with their books",
  description:
    "In the order of the bytes of their names. A page examines at most 10,000 names, so a page of a text that few names " +
    "contain may be short or even empty and still have a `next_cursor`. `/stats` lists the busiest topics.",
  requestParams: { query: TopicsParameters },
  responses: {
    "200": {
      description: "A page of topics.",
      headers: nextPageHeaders("/topics?contains=login&limit=100&cursor=AQEx"),
      content: {
        "application/json": { schema: TopicsAnswer, example: { count: 1, topics: [LOGIN], next_cursor: null } },
      },
    },
    ...problems("invalid_parameter", "invalid_cursor", "too_many_lists", "overloaded", "store_unreachable"),
  },
} satisfies Operation;
