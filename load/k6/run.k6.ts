import { check, fail, sleep } from "k6";
import crypto from "k6/crypto";
import { get } from "./service.k6.ts";

/** The state that all virtual users of a run share. */
export interface Run {
  /** Part of every topic of this run, so that other publishers do not change its books. */
  id: string;
}

/** Time limits of `startRun` and `settleTally`, part of every script's options. */
export const TIME_LIMITS = { setupTimeout: "90s", teardownTimeout: "180s" };

const TOPICS_A_RUN = 5;
const ID_BYTES = 4;
const START_SECONDS = 30;

/** The `setup` of every script: waits for a service that has just been started. */
export function startRun(): Run {
  let health = get("/health");
  for (let waited = 0; waited < START_SECONDS && health.status !== 200; waited++) {
    sleep(1);
    health = get("/health");
  }
  if (!check(health, { "the service is healthy": ({ status }) => status === 200 })) {
    fail(
      `BASE_URL is not the address of a healthy service: ${health.error || `/health answers ${health.status} ${health.body}`}`,
    );
  }
  const bytes = new Uint8Array(crypto.randomBytes(ID_BYTES));
  return { id: Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("") };
}

export function topicsOf({ id }: Run): string[] {
  return Array.from({ length: TOPICS_A_RUN }, (_, index) => `k6.${id}.${index}`);
}
