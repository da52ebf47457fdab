import { InvalidInput, Unavailable } from "@tidemark/domain/errors";
import { encodeReceipt, receiptOwner } from "@tidemark/domain/receipt";
import type { Signer } from "@tidemark/domain/signer";
import { CONFLICT, countVerdicts, DEAD_LETTER, DUPLICATE, STORED, type Verdicts } from "@tidemark/domain/verdict";
import type { ConsumerHeartbeats } from "@tidemark/event-log/consumer-heartbeats";
import type { Preferences } from "@tidemark/http-api/prefer";
import { publishAnswer, type Result } from "@tidemark/http-api/publish-answer";
import type { Client } from "@tidemark/runtime/access/client";
import type { FastifyReply } from "fastify";
import type { FramePart } from "./frames/frame-writer.ts";
import type { Intake } from "./intake/intake.ts";

const MAX_WAIT_SECONDS = 60;

/** A request whose events are in the log. */
export interface Published {
  onVerdictTimeout: "receipt" | "unknown";
  signer: Signer;
  client: Client;
  preferences: Preferences;
  intake: Intake;
  part: FramePart;
  verdicts: Verdicts | undefined;
  receivedAtMs: number;
  /** The longest time that the request may have waited for its verdicts. */
  waitMs: number;
}

/**
 * Answers 200 with the verdicts, or 202 with a receipt if they are not known.
 *
 * @throws {InvalidInput} `dead_lettered` if the store refused the only event of the request: a sender that looks only at the
 * status, as SDKs of CloudEvents do, must not take it for stored
 * @throws {Unavailable} `outcome_unknown` without verdicts, if the log gives no receipts
 */
export function answerPublish(reply: FastifyReply, published: Published): FastifyReply {
  const { onVerdictTimeout, signer, client, intake, verdicts, receivedAtMs } = published;
  const { frameId, firstEvent } = published.part;
  const applied = appliedPreferences(published);
  if (applied !== "") reply.header("preference-applied", applied);
  if (verdicts?.[firstEvent] === DEAD_LETTER && isOneEvent(intake)) throw refusedForGood();
  if (verdicts !== undefined) {
    const end = firstEvent + intake.count;
    const counts = countVerdicts(verdicts, firstEvent, end);
    const results = resultsOf(intake, verdicts.slice(firstEvent, end));
    return sendJson(reply, 200, publishAnswer({ ...counts, rejected: intake.rejected, results }));
  }
  if (onVerdictTimeout === "unknown") {
    const detail = "the store did not confirm in time; the events may have been stored, and sending them again is safe";
    throw new Unavailable({ code: "outcome_unknown", detail });
  }
  const owner = receiptOwner(client.name);
  const receipt = encodeReceipt({ frameId, firstEvent, count: intake.count, receivedAtMs, owner }, signer);
  // Relative to the request, so that it is right behind any path prefix.
  const base = reply.request.url.startsWith("/publish/") ? "../" : "";
  reply.header("location", `${base}receipts/${receipt}`);
  const none = { accepted: 0, duplicates: 0, conflicts: 0, deadLettered: 0, pending: intake.count };
  return sendJson(reply, 202, publishAnswer({ ...none, rejected: intake.rejected, results: resultsOf(intake) }));
}

function isOneEvent({ count, rejected = [] }: Intake): boolean {
  return count === 1 && rejected.length === 0;
}

function refusedForGood(): InvalidInput {
  const detail = "the store refused this event permanently; it is kept as a dead letter, and can be redriven";
  return new InvalidInput({ code: "dead_lettered", status: 422, detail });
}

/** Lists the status of each event of the request, if the request asks for it. Events without a verdict are pending. */
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
  return verdict === CONFLICT ? "conflict" : "rejected"; // the store refused the event, which is a dead letter
}

export interface WaitOptions {
  publishWaitMs: number;
  onVerdictTimeout: "receipt" | "unknown";
  preferences: Preferences;
  heartbeats: ConsumerHeartbeats;
}

/** Returns the time that a request waits for its verdicts; 0 when they cannot arrive in that time. */
export function chooseWaitMs({ publishWaitMs, onVerdictTimeout, preferences, heartbeats }: WaitOptions): number {
  const waitMs = preferredWaitMs(preferences) ?? publishWaitMs;
  if (onVerdictTimeout === "unknown") return Math.max(waitMs, publishWaitMs);
  return !preferences.respondAsync && heartbeats.isVerdictLikely(waitMs) ? waitMs : 0;
}

function preferredWaitMs({ waitSeconds }: Preferences): number | undefined {
  return waitSeconds === undefined ? undefined : Math.min(waitSeconds, MAX_WAIT_SECONDS) * 1_000;
}

/** Names the preferences that were honoured. A wait that was shortened, lengthened or skipped is not named. */
function appliedPreferences({ preferences, onVerdictTimeout, intake, waitMs }: Published): string {
  const applied: string[] = [];
  if (preferences.respondAsync && onVerdictTimeout === "receipt") applied.push("respond-async");
  else if (preferredWaitMs(preferences) === waitMs) applied.push(`wait=${waitMs / 1_000}`);
  if (intake.entries !== undefined) applied.push("return=representation");
  if (preferences.handling !== undefined) applied.push(`handling=${preferences.handling}`);
  return applied.join(", ");
}

function sendJson(reply: FastifyReply, status: number, body: object): FastifyReply {
  // Fastify sends a string unchanged.
  return reply.code(status).header("content-type", "application/json; charset=utf-8").send(JSON.stringify(body));
}
