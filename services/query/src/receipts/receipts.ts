import { InvalidInput } from "@tidemark/domain/errors";
import { decodeReceipt, type Receipt, receiptOwner, unknownReceipt } from "@tidemark/domain/receipt";
import type { Signer } from "@tidemark/domain/signer";
import { countVerdicts } from "@tidemark/domain/verdict";
import type { LogSnapshot } from "@tidemark/event-log/event-log";
import type { EventReader } from "@tidemark/event-store/event-store";
import { readReceipt } from "@tidemark/http-api/operations/receipts-api";
import { readPreferences } from "@tidemark/http-api/prefer";
import { type PublishAnswer, publishAnswer } from "@tidemark/http-api/publish-answer";
import { type Client, clientOf } from "@tidemark/runtime/access/client";
import { Places } from "@tidemark/runtime/limits/places";
import type { FastifyInstance } from "fastify";
import { registerOperation } from "../register-operation.ts";
import { createPolling } from "./poll-until.ts";

const KEPT_MS = 24 * 60 * 60 * 1_000;
const MAX_WAIT_SECONDS = 60;
const MAX_WAITING = 100;

export interface ReceiptsOptions {
  reader: Pick<EventReader, "findFrame">;
  readLogSnapshot: () => Promise<LogSnapshot>;
  signer: Signer;
}

/**
 * Registers `GET /receipts/{id}`, which answers the verdicts of a request that was answered 202. With `Prefer: wait=N`
 * the answer waits for the verdicts.
 */
export function registerReceipts(server: FastifyInstance, options: ReceiptsOptions): void {
  const polling = createPolling({ places: new Places({ name: "waiting receipts", max: MAX_WAITING }) });
  server.addHook("preClose", async () => polling.end());

  registerOperation(server, readReceipt, async (request, reply) => {
    const receipt = decodeReceipt(request.params.id, options.signer);
    if (!mayRead(clientOf(request), receipt)) throw unknownReceipt();
    const read = () => findReceipt(receipt, options);
    const { waitSeconds } = readPreferences(request.headers.prefer);
    if (waitSeconds === undefined) return read();
    const seconds = Math.min(waitSeconds, MAX_WAIT_SECONDS);
    const hasLeft = () => request.raw.socket.destroyed;
    const { answer, isHonoured } = await polling.pollUntil(read, {
      isEnough: ({ pending }) => pending === 0 || hasLeft(),
      waitMs: seconds * 1_000,
      clientId: clientOf(request).id,
    });
    if (isHonoured) reply.header("preference-applied", `wait=${seconds}`);
    return answer;
  });
}

/**
 * Whether a client may read a receipt. On a service with keys, these are the key that it was issued to, and keys with
 * the scope `admin` for all topics, because a receipt does not contain its topics.
 */
function mayRead({ name, scopes, topics }: Client, { owner }: Receipt): boolean {
  const isAdmin = scopes.has("admin") && topics === undefined;
  return name === undefined || isAdmin || receiptOwner(name) === owner;
}

async function findReceipt(receipt: Receipt, options: ReceiptsOptions): Promise<PublishAnswer> {
  const { count, receivedAtMs } = receipt;
  const judged = await findJudged(receipt, options);
  if (judged !== undefined) return judged;
  const isOld = Date.now() - receivedAtMs > KEPT_MS;
  if (isOld && !reachesBack(await options.readLogSnapshot(), receivedAtMs)) return findGone(receipt, options);
  return publishAnswer({ accepted: 0, duplicates: 0, conflicts: 0, deadLettered: 0, pending: count });
}

/** Returns undefined for a frame that the ledger does not know. */
async function findJudged(receipt: Receipt, { reader }: ReceiptsOptions): Promise<PublishAnswer | undefined> {
  const { frameId, firstEvent, count } = receipt;
  const entry = await reader.findFrame(frameId);
  if (entry === undefined) return undefined;
  const end = firstEvent + count;
  if (end > entry.verdicts.length) throw unknownReceipt();
  return publishAnswer({ ...countVerdicts(entry.verdicts, firstEvent, end), pending: 0 });
}

/**
 * Answers for a frame that has left the log. The frame was applied before it left: either between the two reads, or so
 * long ago that its ledger row was pruned.
 */
async function findGone(receipt: Receipt, options: ReceiptsOptions): Promise<PublishAnswer> {
  const judged = await findJudged(receipt, options);
  if (judged !== undefined) return judged;
  throw notFound("this receipt is older than 24 hours, and the verdicts of its request are no longer kept");
}

// The clocks of the gateways and of the log may differ by seconds.
const CLOCK_TOLERANCE_MS = 60_000;

function reachesBack({ oldestAtMs }: LogSnapshot, receivedAtMs: number): boolean {
  return oldestAtMs !== undefined && oldestAtMs - CLOCK_TOLERANCE_MS <= receivedAtMs;
}

function notFound(detail: string): InvalidInput {
  return new InvalidInput({ code: "not_found", status: 404, detail });
}
