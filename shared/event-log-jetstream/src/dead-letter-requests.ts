import { setTimeout as delay } from "node:timers/promises";
import { errors, type Subscription } from "@nats-io/transport-node";
import { Unavailable } from "@tidemark/domain/errors";
import type { DeadLetterCommands } from "@tidemark/event-store/dead-letters";
import type { Logger } from "@tidemark/telemetry/logger";
import { z } from "zod";
import type { JetstreamConnection } from "./connection.ts";
import { isUndecided, unreachable } from "./errors.ts";

// Requests over core NATS. Only consumers may write events, so the query service asks one of them. Consumers share a
// queue, so that one gets each request.

const SUBJECT = "tidemark.dead-letter";
const QUEUE = "consumers";
/** Beyond this a client has usually left. The consumer finishes its work in any case. */
const ANSWER_MS = 30_000;

const REFUSED = z.object({ status: z.literal("refused"), code: z.string(), reason: z.string() });
const TAKEN = z.object({ status: z.enum(["stored", "duplicate", "conflict"]) });
/** The outcome, or the reason why the store is not available; `null` when there is no such dead letter. */
const Answer = z.union([
  z.object({ result: z.union([REFUSED, TAKEN, z.boolean(), z.null()]) }),
  z.object({ unavailable: z.string() }),
]);
const Redriven = z.union([REFUSED, TAKEN]).optional();

export interface DeadLetterAnswers {
  /** Takes no more requests, which other consumers get, and waits for those in progress, for `stopWaitMs` at most. */
  stop(): Promise<void>;
}

/** Answers the requests of the query services with the store of this consumer. */
export function answerDeadLetterRequests(
  connection: JetstreamConnection,
  { store, logger, stopWaitMs }: { store: DeadLetterCommands; logger: Logger; stopWaitMs: number },
): DeadLetterAnswers {
  const subscriptions: Subscription[] = [];
  const inProgress = new Set<Promise<void>>();
  let isStopped = false;
  const answer = async (command: keyof DeadLetterCommands, id: string): Promise<z.infer<typeof Answer>> => {
    try {
      return { result: (await store[command](id)) ?? null };
    } catch (error) {
      if (error instanceof Unavailable) return { unavailable: error.message };
      logger.error({ err: error, deadLetter: id, command }, "a request about a dead letter failed");
      throw error;
    }
  };
  const serve = (command: keyof DeadLetterCommands) =>
    connection.nats.subscribe(`${SUBJECT}.${command}`, {
      queue: QUEUE,
      callback(error, message) {
        if (error !== null) return;
        const answering = answer(command, message.string()).then(
          (text) => void message.respond(JSON.stringify(text)),
          () => void message.respond("{}"),
        );
        inProgress.add(answering);
        void answering.finally(() => inProgress.delete(answering));
      },
    });
  void connection.connected().then(() => {
    if (!isStopped) subscriptions.push(serve("redrive"), serve("deleteDeadLetter"));
  });
  return {
    async stop() {
      isStopped = true;
      const finish = async () => {
        await Promise.allSettled(subscriptions.map((subscription) => subscription.drain()));
        await Promise.all(inProgress);
      };
      // Without a broker a drain would wait for an answer that does not come.
      await Promise.race([finish(), connection.lost(), delay(stopWaitMs, undefined, { ref: false })]);
    },
  };
}

/** Returns commands that a consumer carries out. @throws {Unavailable} `store_unreachable` when none answers */
export function requestDeadLetters(connection: JetstreamConnection): DeadLetterCommands {
  async function ask(command: keyof DeadLetterCommands, id: string) {
    if (!connection.isConnected) throw unreachable("the log is not reachable, and through it the consumers");
    const request = connection.nats.request(`${SUBJECT}.${command}`, id, { timeout: ANSWER_MS });
    const reply = await connection.untilLost(request).catch((error) => {
      if (hasNoResponder(error)) throw storeUnreachable("no consumer runs, and only consumers change the store", error);
      if (isUndecided(error)) throw storeUnreachable("no consumer answered in time; it is safe to ask again", error);
      throw error;
    });
    const answer = Answer.parse(reply.json());
    if ("unavailable" in answer) throw storeUnreachable(answer.unavailable);
    return answer.result ?? undefined;
  }
  return {
    redrive: async (id) => Redriven.parse(await ask("redrive", id)),
    deleteDeadLetter: async (id) => z.boolean().parse(await ask("deleteDeadLetter", id)),
  };
}

function hasNoResponder(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof errors.NoRespondersError) return true;
  }
  return false;
}

function storeUnreachable(detail: string, cause?: unknown): Unavailable {
  return new Unavailable({ code: "store_unreachable", detail, cause });
}
