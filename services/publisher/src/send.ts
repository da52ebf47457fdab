import { PublishError, type TidemarkClient } from "@tidemark/client";
import { type Counts, countsOf } from "@tidemark/client/answer";
import type { Publication } from "@tidemark/client/publication";

export interface SendOptions {
  client: TidemarkClient;
  /** Ends the waiting between attempts; the request under way gets its answer. */
  stop: AbortSignal;
  /** Breaks off the request under way. */
  abort: AbortSignal;
}

/** What became of one request. */
export interface Outcome {
  /** `answered`: the verdict is in. `refused`: nothing was stored. `unknown`: nobody told. */
  result: "answered" | "refused" | "unknown";
  /** Set when answered. */
  counts?: Counts;
  /** Set when not answered. */
  reason?: string;
  attempts: number;
  /** Attempts whose answer was lost: each may have been taken, so that a later one is told of duplicates. */
  doubtfulAttempts: number;
  /** How long the answered attempt took. */
  ms?: number;
}

/** Publishes one body and stays with it until it is judged, refused, or given up. After a 202 it follows the receipt. */
export async function sendRequest(body: string, options: SendOptions): Promise<Outcome> {
  const interruption = { signal: options.abort, stop: options.stop };
  try {
    const publication = await options.client.publishText(body, interruption);
    return await followToVerdict(publication, options.client, interruption);
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    const { outcome, reason, attempts, doubtfulAttempts } = error;
    return { result: outcome === "unknown" ? "unknown" : "refused", reason, attempts, doubtfulAttempts };
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
