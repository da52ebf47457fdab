import { setTimeout as delay } from "node:timers/promises";
import { errors, type Subscription } from "@nats-io/transport-node";
import { Unavailable } from "@tidemark/domain/errors";
import type { DeadLetterCommands } from "@tidemark/event-store/dead-letters";
import type { ErasureCommands } from "@tidemark/event-store/erasure";
import type { Logger } from "@tidemark/telemetry/logger";
import { z } from "zod";
import type { JetstreamConnection } from "./connection.ts";
import { isUndecided, unreachable } from "./errors.ts";

// Requests over core NATS. Only consumers may write to the store, so the query service asks one of them. Consumers share a
// queue, so that one gets each request.

/** The commands of the store that a consumer carries out for the query service. */
export type StoreCommands = DeadLetterCommands & ErasureCommands;

/** The subject of each command. The first two take the id of a dead letter, and the third a topic and an id as JSON. */
const SUBJECTS = {
  redrive: "tidemark.dead-letter.redrive",
  deleteDeadLetter: "tidemark.dead-letter.deleteDeadLetter",
  eraseEvent: "tidemark.erasure.eraseEvent",
} as const satisfies Record<keyof StoreCommands, string>;

const QUEUE = "consumers";
/** A client has usually left after this time. The consumer finishes the command in any case. */
const ANSWER_MS = 30_000;

const REFUSED = z.object({ status: z.literal("refused"), code: z.string(), reason: z.string() });
const TAKEN = z.object({ status: z.enum(["stored", "duplicate", "conflict"]) });
/** The result of the command, or why the store is not available; `null` when there is no such dead letter. */
const Answer = z.union([
  z.object({ result: z.union([REFUSED, TAKEN, z.boolean(), z.null()]) }),
  z.object({ unavailable: z.string() }),
]);
const Redriven = z.union([REFUSED, TAKEN]).optional();
const EventKey = z.tuple([z.string(), z.string()]);

export interface CommandAnswers {
  /**
   * Stops taking requests, so that other consumers get them. Waits for the requests in progress, for `stopWaitMs` at
   * most.
   */
  stop(): Promise<void>;
}

/** Answers the requests of the query services with the store of this consumer. */
export function answerStoreCommands(
  connection: JetstreamConnection,
  { store, logger, stopWaitMs }: { store: StoreCommands; logger: Logger; stopWaitMs: number },
): CommandAnswers {
  const run: Record<keyof StoreCommands, (request: string) => Promise<unknown>> = {
    redrive: (id) => store.redrive(id),
    deleteDeadLetter: (id) => store.deleteDeadLetter(id),
    eraseEvent: (key) => store.eraseEvent(...EventKey.parse(JSON.parse(key))),
  };
  const subscriptions: Subscription[] = [];
  const inProgress = new Set<Promise<void>>();
  let isStopped = false;
  const answer = async (command: keyof StoreCommands, request: string): Promise<object> => {
    try {
      return { result: (await run[command](request)) ?? null };
    } catch (error) {
      if (error instanceof Unavailable) return { unavailable: error.message };
      logger.error({ err: error, request, command }, "a command for the store failed");
      throw error;
    }
  };
  const serve = (command: keyof StoreCommands) =>
    connection.nats.subscribe(SUBJECTS[command], {
      queue: QUEUE,
      callback(error, message) {
        if (error !== null) return;
        const answering = answer(command, message.string()).then(
          (reply) => void message.respond(JSON.stringify(reply)),
          () => void message.respond("{}"),
        );
        inProgress.add(answering);
        void answering.finally(() => inProgress.delete(answering));
      },
    });
  void connection.connected().then(() => {
    if (!isStopped) subscriptions.push(serve("redrive"), serve("deleteDeadLetter"), serve("eraseEvent"));
  });
  return {
    async stop() {
      isStopped = true;
      const finish = async () => {
        await Promise.allSettled(subscriptions.map((subscription) => subscription.drain()));
        await Promise.all(inProgress);
      };
      // Without a connection, a drain would wait for an answer that does not come.
      await Promise.race([finish(), connection.lost(), delay(stopWaitMs, undefined, { ref: false })]);
    },
  };
}

/** Returns commands that a consumer carries out. @throws {Unavailable} `store_unreachable` when none answers */
export function requestStoreCommands(connection: JetstreamConnection): StoreCommands {
  async function ask(command: keyof StoreCommands, text: string) {
    if (!connection.isConnected) throw unreachable("the log is unreachable, and consumers are reached only through it");
    const request = connection.nats.request(SUBJECTS[command], text, { timeout: ANSWER_MS });
    const reply = await connection.untilLost(request).catch((error) => {
      if (hasNoResponder(error)) throw storeUnreachable("no consumer runs, and only consumers change the store", error);
      if (isUndecided(error))
        throw storeUnreachable("no consumer answered in time; it is safe to send the request again", error);
      throw error;
    });
    const answer = Answer.parse(reply.json());
    if ("unavailable" in answer) throw storeUnreachable(answer.unavailable);
    return answer.result ?? undefined;
  }
  return {
    redrive: async (id) => Redriven.parse(await ask("redrive", id)),
    deleteDeadLetter: async (id) => z.boolean().parse(await ask("deleteDeadLetter", id)),
    eraseEvent: async (topic, eventId) => z.boolean().parse(await ask("eraseEvent", JSON.stringify([topic, eventId]))),
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
