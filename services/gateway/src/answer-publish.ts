import { Unavailable } from "@tidemark/domain/errors";
import { encodeReceipt } from "@tidemark/domain/receipt";
import { CONFLICT, countVerdicts, DUPLICATE, STORED, type Verdicts } from "@tidemark/domain/verdict";
import type { Preferences } from "@tidemark/http-api/prefer";
import { publishAnswer, type Result } from "@tidemark/http-api/publish-answer";
import type { FastifyReply } from "fastify";
import type { Placement } from "./frame-writer.ts";
import type { Intake } from "./intake.ts";
import type { StoreWatch } from "./store-watch.ts";

const MAX_WAIT_SECONDS = 60;

/** A request whose events are in the log. */
export interface Taken {
  options: { publishWaitMs: number; whenLate: "receipt" | "unknown" };
  watch: StoreWatch;
  preferences: Preferences;
  intake: Intake;
  placement: Placement;
  takenAtMs: number;
}

/** Waits for the verdicts as long as is agreed, and answers with them or with a receipt. */
export async function answerPublish(reply: FastifyReply, taken: Taken): Promise<FastifyReply> {
  const { options, intake, placement } = taken;
  const willWaitMs = waitMs(taken);
  const verdicts = await placement.verdicts.wait(willWaitMs);
  const applied = appliedPreferences(taken, willWaitMs);
  if (applied !== "") reply.header("preference-applied", applied);
  const end = placement.firstEvent + intake.count;
  if (verdicts !== undefined) {
    const counts = countVerdicts(verdicts, placement.firstEvent, end);
    const results = resultsOf(intake, verdicts.slice(placement.firstEvent, end));
    return sendJson(reply, 200, publishAnswer({ ...counts, rejected: intake.rejected, results }));
  }
  if (options.whenLate === "unknown") {
    const detail = "the store did not confirm in time; the events may have been stored, and sending them again is safe";
    throw new Unavailable({ code: "outcome_unknown", detail });
  }
  const receipt = encodeReceipt({ ...placement, count: intake.count, takenAtMs: taken.takenAtMs });
  reply.header("location", `/receipts/${receipt}`);
  const none = { accepted: 0, duplicates: 0, conflicts: 0, deadLettered: 0, pending: intake.count };
  return sendJson(reply, 202, publishAnswer({ ...none, rejected: intake.rejected, results: resultsOf(intake) }));
}

/** What became of each event of the request, where it asked: those without a verdict are pending. */
function resultsOf({ entries }: Intake, verdicts: Verdicts = ""): Result[] | undefined {
  let index = 0;
  return entries?.map(({ topic, eventId, isRejected }) => {
    const status = isRejected ? "rejected" : statusOf(verdicts[index++]);
    return { topic, event_id: eventId, status };
  });
}

function statusOf(verdict: string | undefined): Result["status"] {
  if (verdict === undefined) return "pending";
  if (verdict === STORED) return "stored";
  if (verdict === DUPLICATE) return "duplicate";
  return verdict === CONFLICT ? "conflict" : "rejected"; // the last by the store, for good: a dead letter
}

/** How long to wait for the verdicts; not at all where they are known not to come in that time. */
function waitMs({ options, preferences, watch }: Taken): number {
  const waitMs = preferredWaitMs(preferences) ?? options.publishWaitMs;
  if (options.whenLate === "unknown") return Math.max(waitMs, options.publishWaitMs);
  return !preferences.respondAsync && watch.isVerdictLikely(waitMs) ? waitMs : 0;
}

function preferredWaitMs({ waitSeconds }: Preferences): number | undefined {
  return waitSeconds === undefined ? undefined : Math.min(waitSeconds, MAX_WAIT_SECONDS) * 1_000;
}

/** The preferences that were honoured: not a wait of another length, or one that was known to be in vain. */
function appliedPreferences({ preferences, options, intake }: Taken, willWaitMs: number): string {
  const applied: string[] = [];
  if (preferences.respondAsync && options.whenLate === "receipt") applied.push("respond-async");
  else if (preferredWaitMs(preferences) === willWaitMs) applied.push(`wait=${willWaitMs / 1_000}`);
  if (intake.entries !== undefined) applied.push("return=representation");
  if (preferences.handling !== undefined) applied.push(`handling=${preferences.handling}`);
  return applied.join(", ");
}

function sendJson(reply: FastifyReply, status: number, body: object): FastifyReply {
  // A string: Fastify sends it as it is.
  return reply.code(status).header("content-type", "application/json; charset=utf-8").send(JSON.stringify(body));
}
