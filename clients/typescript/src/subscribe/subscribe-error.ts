import { describeFailure, readProblem } from "../answer.ts";
import type { Delivery } from "../deliver.ts";
import { isAnswer } from "../http-attempt.ts";

/**
 * A subscription cannot go on. With the code `subscription_moved` another worker has acknowledged the same events: two
 * workers use one name.
 */
export class SubscribeError extends Error {
  override readonly name = "SubscribeError";
  /** The HTTP status of the last answer; undefined if there was none. */
  readonly status: number | undefined;
  /** The stable name of the error; undefined if the answer has none. */
  readonly code: string | undefined;

  constructor(reason: string, { status, code }: { status?: number | undefined; code?: string | undefined } = {}) {
    super(reason);
    this.status = status;
    this.code = code;
  }
}

/** Returns the error of a delivery that was not a success. */
export function createSubscribeError(what: string, { answer }: Delivery): SubscribeError {
  const status = isAnswer(answer) ? answer.status : undefined;
  const code = isAnswer(answer) ? readProblem(answer.body)?.code : undefined;
  return new SubscribeError(`could not ${what}: ${describeFailure(answer)}`, { status, code });
}
