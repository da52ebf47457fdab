import { setTimeout as delay } from "node:timers/promises";
import { countsOf, readMeaning, readPublishAnswer } from "@tidemark/client/answer";
import { type Answer, attempt, isAnswer, type NoAnswer } from "@tidemark/client/http-attempt";
import { waitFor } from "@tidemark/test-support/wait-for";
import type { Load } from "../schedule/scenario.ts";
import { alterEvent, type Burden, createEvent, writeEvent } from "./sent-event.ts";
import { type Attempt, Tally } from "./tally.ts";
import { Traffic, type TrafficRequest } from "./traffic.ts";

export interface ClientOptions {
  urls: readonly URL[];
  seed: number;
  load: Load;
}

/** Producers that retry, sometimes give up, and record each answer. */
export interface Client {
  readonly tally: Tally;
  /** Moves the producers' clock, and thereby the timestamps of later events. */
  jumpClock(toMs: number): void;
  /** Sends an event for which the database takes too long, between two others. */
  sendSlowEvent(): Promise<void>;
  /**
   * Sends a large event, and then a request of small duplicates of it with different content.
   *
   * @throws {Error} when the service does not store the large event within minutes
   */
  sendLargeConflicts(options: { payloadBytes: number }): Promise<void>;
  /** Stops starting requests. Resolves when those in flight have ended. */
  stop(): Promise<void>;
}

const WORKERS = 16;
const ANSWER_TIMEOUT_MS = 8_000;
const BACKOFF_MS = 150;
const LARGE_CONFLICTS = 300;
/** This is longer than any fault that can happen at the same time. */
const STORED_TIMEOUT_MS = 120_000;

export function startClient({ urls, seed, load }: ClientOptions): Client {
  const tally = new Tally();
  const traffic = new Traffic({ seed, maxBatch: load.maxBatch });
  let clockMs = 0;
  let isStopping = false;
  let turn = 0;

  const create = (number: number) => {
    tally.clockMs[number] ??= clockMs;
    return createEvent(seed, number, tally.clockMs[number] as number, tally.burdens.get(number));
  };
  const tryOnce = async (request: TrafficRequest) => {
    const { altered, slow } = request;
    const honest = [...request.numbers, traffic.nextProbe()];
    const numbers = [...altered, ...honest];
    const events = [
      ...altered.map((number) => alterEvent(createEvent(seed, number, tally.clockMs[number] as number))),
      ...[...slow, ...honest].map(create),
    ];
    const texts = events.map(writeEvent);
    if (request.isBad) texts.splice(texts.length >> 1, 0, `{"topic":"audit","event_id":"bad","timestamp":"no"}`);
    const url = urls[turn++ % urls.length] as URL;
    const headers = { "content-type": "application/json" };
    const beganAtMs = performance.now();
    const body = texts.length === 1 ? texts.join() : `[${texts.join(",")}]`;
    const answer = await attempt(url, { method: "POST", headers, body, timeoutMs: ANSWER_TIMEOUT_MS });
    tally.record({
      ...readAttempt(answer),
      numbers,
      slow,
      conflicts: altered.length,
      isBad: request.isBad,
      beganAtMs,
      endedAtMs: performance.now(),
    });
    return readMeaning(answer).startsWith("retry");
  };
  const send = async (request: TrafficRequest) => {
    for (let tries = 1; await tryOnce(request); tries++) {
      if (tries >= request.maxAttempts || isStopping) return;
      await delay(BACKOFF_MS * Math.min(tries, 4));
    }
  };
  const work = async () => {
    const cycleMs = (1_000 * WORKERS * traffic.meanEvents) / load.rate;
    while (!isStopping) {
      const nextAtMs = performance.now() + cycleMs * (0.5 + Math.random());
      await send(traffic.nextRequest(tally.settled));
      await delay(Math.max(0, nextAtMs - performance.now()));
    }
  };
  const takeNumber = (burden: Burden) => {
    const number = traffic.nextProbe();
    tally.burdens.set(number, burden);
    return number;
  };
  const calm = { numbers: [], altered: [], slow: [], isBad: false, maxAttempts: 100 };
  const workers = Array.from({ length: WORKERS }, work);
  return {
    tally,
    jumpClock(toMs) {
      clockMs = toMs;
    },
    sendSlowEvent: () => send({ ...calm, slow: [takeNumber("slow")] }),
    async sendLargeConflicts(burden) {
      const number = takeNumber(burden);
      const storeLarge = async () => {
        await send({ ...calm, numbers: [number], maxAttempts: 1 });
        return tally.settled.includes(number);
      };
      await waitFor("the large event to be stored", storeLarge, {
        timeoutMs: STORED_TIMEOUT_MS,
        intervalMs: BACKOFF_MS,
      });
      await send({ ...calm, altered: Array.from({ length: LARGE_CONFLICTS }, () => number), maxAttempts: 8 });
    },
    async stop() {
      isStopping = true;
      await Promise.all(workers);
    },
  };
}

function readAttempt(answer: Answer | NoAnswer): Pick<Attempt, "outcome" | "answer" | "counts" | "receipt"> {
  if (!isAnswer(answer)) return { outcome: answer.wasSent ? "unknown" : "failed", answer: answer.reason };
  const meaning = readMeaning(answer);
  const code = (answer.body as { code?: string } | undefined)?.code;
  const told = [answer.status, code].filter(Boolean).join(" ");
  if (meaning !== "success") {
    return { outcome: meaning === "retry, it may have been taken" ? "unknown" : "failed", answer: told };
  }
  const judged = readPublishAnswer(answer.body);
  const counts = judged && countsOf(judged);
  const receipt = answer.headers.get("location") ?? undefined;
  return { outcome: "ok", answer: told, ...(answer.status === 202 ? { receipt } : { counts }) };
}
