import type { JetStreamManager, StreamInfo } from "@nats-io/jetstream";
import type { LogContents, SequenceRange } from "./event-log.ts";
import { eventsOfSubject, incarnationOf, subjectPrefix } from "./jetstream-stream.ts";

const MAX_TRIES = 20;

/**
 * What the stream holds. The server reads the sequences first and the totals by subject a moment later, so a frame
 * removed in that moment would stand among the sequences and be missing from the totals. A second look afterwards tells:
 * when as many frames had left then as before, none left in between, and the first look is exact.
 *
 * On a log so busy that every try sees one leave, the last one counts. Its second look is a round trip away, its own
 * moment lasts microseconds: it is most probably exact as well.
 */
export async function lookIntoStream(
  manager: JetStreamManager,
  stream: string,
  { maxGapsListed }: { maxGapsListed: number },
): Promise<LogContents> {
  let before = await manager.streams.info(stream);
  for (let tries = 1; ; tries++) {
    const info = await manager.streams.info(stream, {
      subjects_filter: `${subjectPrefix(stream)}.>`,
      deleted_details: countGaps(before) <= maxGapsListed,
    });
    const after = await manager.streams.info(stream);
    const isExact = incarnationOf(after) === incarnationOf(info) && removedFrom(after) === removedFrom(info);
    if (isExact || tries === MAX_TRIES) return toContents(info);
    before = after;
  }
}

function removedFrom({ state }: StreamInfo): number {
  return state.last_seq - state.messages;
}

/** Sequences between the first frame held and the last that are not held. */
function countGaps({ state }: StreamInfo): number {
  return state.messages === 0 ? 0 : state.last_seq - state.first_seq + 1 - state.messages;
}

function toContents(info: StreamInfo): LogContents {
  const { state } = info;
  let events = 0;
  for (const [subject, frames] of Object.entries(state.subjects ?? {})) {
    events += frames * eventsOfSubject(subject);
  }
  const isEmpty = state.messages === 0;
  const areGapsListed = countGaps(info) === 0 || state.deleted !== undefined;
  const firstSequence = isEmpty ? state.last_seq + 1 : state.first_seq;
  return {
    incarnation: incarnationOf(info),
    events,
    frames: state.messages,
    lastSequence: state.last_seq,
    ...(areGapsListed ? { held: runsBetween(state.deleted ?? [], firstSequence, state.last_seq) } : {}),
    removed: removedFrom(info),
    ...(isEmpty ? {} : { oldestAtMs: Date.parse(state.first_ts) }),
  };
}

/** What is left of `first..last` without these sequences, which ascend. */
function runsBetween(gaps: number[], first: number, last: number): SequenceRange[] {
  const runs: SequenceRange[] = [];
  let from = first;
  for (const gap of gaps) {
    // The server may still name sequences below the first one, for a moment after the last frame before a gap has left.
    if (gap < from) continue;
    if (gap > from) runs.push({ first: from, last: gap - 1 });
    from = gap + 1;
  }
  if (from <= last) runs.push({ first: from, last });
  return runs;
}
