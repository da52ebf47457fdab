import type { DuplicateRow, EventRow } from "@tidemark/event-store/event-row";
import type { Generated } from "kysely";
import type { Position } from "./columns.ts";

/** The tables that the query builder reads; bigint arrives as text. */
export interface Tables {
  events: Position & EventRow;
  duplicates: Position & DuplicateRow;
  frames: { frame_id: string; verdicts: string; processed_at: string };
  positions: { base: string; history: string };
  dead_letters: {
    id: string;
    frame_id: string;
    topic: string | null;
    events: number;
    code: string;
    reason: string;
    attempts: number;
    dead_at: string;
    content: Buffer;
  };
  subscriptions: Position & {
    name: string;
    topic: string | null;
    topic_prefix: string | null;
    acknowledged: Generated<string>;
    last_page: string | null;
    created_at: Generated<string>;
    updated_at: Generated<string>;
  };
}
