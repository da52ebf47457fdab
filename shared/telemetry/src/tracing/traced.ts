import type { Span, SpanOptions } from "./tracer.ts";

/** Runs a step of a request as a child of its span, if the request has one. The step gets the child. */
export async function traced<Result>(
  parent: Span | undefined,
  name: string,
  step: (span: Span | undefined) => Promise<Result>,
  options?: SpanOptions,
): Promise<Result> {
  if (parent === undefined) return step(undefined);
  const span = parent.startChild(name, options);
  try {
    return await step(span);
  } catch (error) {
    span.fail((error as Error).message);
    throw error;
  } finally {
    span.end();
  }
}
