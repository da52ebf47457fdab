import { check, fail } from "k6";
import crypto from "k6/crypto";
import { get } from "./service.k6.ts";

/** What all virtual users of a run share. */
export interface Run {
  /** Part of every topic of this run: its books are its own, whoever else publishes meanwhile. */
  id: string;
}

const TOPICS_A_RUN = 5;
const ID_BYTES = 4;

/** The `setup` of every script. */
export function startRun(): Run {
  const ready = get("/readyz");
  if (!check(ready, { "the service is ready": ({ status }) => status === 200 })) {
    fail(`the service does not answer: ${ready.status} ${ready.error} ${ready.body}; BASE_URL says where it is`);
  }
  const bytes = new Uint8Array(crypto.randomBytes(ID_BYTES));
  return { id: Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("") };
}

export function topicsOf({ id }: Run): string[] {
  return Array.from({ length: TOPICS_A_RUN }, (_, index) => `k6.${id}.${index}`);
}
