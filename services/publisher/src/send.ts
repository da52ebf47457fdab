import { PublishError, type TidemarkClient } from "@tidemark/client";
import { type Counts, countsOf } from "@tidemark/client/answer";
import type { Publication } from "@tidemark/client/publication";

export interface SendOptions {
  client: TidemarkClient;
  /** Ends the pauses between attempts; the request in flight may complete. */
  stop: AbortSignal;
  /** Aborts the request in flight. */
  abort: AbortSignal;
}

/** The outcome of one request. */
export interface Outcome {
  /** `answered`: with verdicts. `refused`: nothing was stored. `unknown`: the events may have been stored. */
  result: "answered" | "refused" | "unknown";
  /** Set when answered. */
  counts?: Counts;
  /** Set when not answered. */
  reason?: string;
  attempts: number;
  /** Attempts whose answer was lost. Each may have stored its events, so that a later attempt finds duplicates. */
  doubtfulAttempts: number;
  /** The duration of the answered attempt. */
  ms?: number;
  /** Whether the service refused the key (401, 403), so that it would refuse every other request as well. */
  isKeyRefused?: boolean;
}

/** The counts of a request of one event that the store refused permanently: it was received, and is answered 422. */
const ONE_DEAD_LETTER: Counts = { received: 1, accepted: 0, duplicates: 0, conflicts: 0, deadLettered: 1, pending: 0 };

/** Publishes one body, and retries until it is stored, refused or given up. After a 202 it follows the receipt. */
export async function sendRequest(body: string, options: SendOptions): Promise<Outcome> {
  const interruption = { signal: options.abort, stop: options.stop };
  try {
    const publication = await options.client.publishText(body, interruption);
    return await followToVerdict(publication, options.client, interruption);
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    const { outcome, reason, status, attempts, doubtfulAttempts, code } = error;
    if (code === "dead_lettered") return { result: "answered", counts: ONE_DEAD_LETTER, attempts, doubtfulAttempts };
    const result = outcome === "unknown" ? "unknown" : "refused";
    const isKeyRefused = status === 401 || status === 403;
    return { result, reason, attempts, doubtfulAttempts, ...(isKeyRefused && { isKeyRefused }) };
  }
}

type Interruption = Parameters<TidemarkClient["followReceipt"]>[1];

async function followToVerdict(
  publication: Publication,
  client: TidemarkClient,
  interruption: Interruption,
): Promise<Outcome> {
  const { receipt, attempts, doubtfulAttempts, ms } = publication;
  const answered = { result: "answered", attempts, doubtfulAttempts, ms } as const;
  if (receipt === undefined) return { ...answered, counts: countsOf(publication) };
  try {
    return { ...answered, counts: countsOf(await client.followReceipt(receipt, interruption)) };
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    return { result: "unknown", reason: error.reason, attempts, doubtfulAttempts: doubtfulAttempts + 1 };
  }
}
