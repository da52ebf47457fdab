import type { JetStreamManager, StreamInfo } from "@nats-io/jetstream";
import type { SequenceRange } from "@tidemark/domain/origin";
import type { LogSnapshot } from "@tidemark/event-log/event-log";
import { eventsOfSubject, generationOf, subjectPrefix } from "./stream.ts";

const MAX_TRIES = 20;

/**
 * What the stream holds, at one moment. The server reads the sequences first and the totals by subject a moment later
 * (`jsStreamInfoRequest` of nats-server). Whatever happens to the stream in between is made good:
 *
 * - Frames that came are in the totals only. They stand right behind the last sequence read, and are as many as the
 *   totals count more than the sequences.
 * - Frames that left would stand among the sequences only. A second look afterwards tells: when as many had left then as
 *   at the first, none left in between. Otherwise the first look is done again.
 *
 * On a log so busy that every try sees one leave, the last one counts, and says that it is uncertain. Its second look is a round trip away, the moment
 * that matters is far shorter: most probably it is exact as well. If not, it is off by the frames that left in that
 * moment (at 3,000 frames a second in and out, 2 looks of 750). The second look must not be sent before the first is
 * answered: the server works on both at once, and the proof is gone (44 of 719).
 */
export async function lookIntoStream(
  manager: JetStreamManager,
  stream: string,
  { maxGapsListed }: { maxGapsListed: number },
): Promise<LogSnapshot> {
  let before = await manager.streams.info(stream);
  for (let tries = 1; ; tries++) {
    const info = await manager.streams.info(stream, {
      subjects_filter: `${subjectPrefix(stream)}.>`,
      deleted_details: countGaps(before) <= maxGapsListed,
    });
    const after = await manager.streams.info(stream);
    const isExact = generationOf(after) === generationOf(info) && removedFrom(after) === removedFrom(info);
    if (isExact) return toContents(info);
    if (tries === MAX_TRIES) return { ...toContents(info), isUncertain: true };
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

function toContents(info: StreamInfo): LogSnapshot {
  const { state } = info;
  const { frames, events } = sumUp(state.subjects ?? {});
  const added = Math.max(0, frames - state.messages);
  const lastSequence = state.last_seq + added;
  const isEmpty = state.messages === 0;
  const firstSequence = isEmpty ? state.last_seq + 1 : state.first_seq;
  const areGapsListed = countGaps(info) === 0 || state.deleted !== undefined;
  return {
    generation: generationOf(info),
    events,
    frames: state.messages + added,
    lastSequence,
    ...(areGapsListed ? { held: runsBetween(state.deleted ?? [], firstSequence, lastSequence) } : {}),
    removed: removedFrom(info),
    ...(isEmpty ? {} : { oldestAtMs: Date.parse(state.first_ts) }),
  };
}

function sumUp(subjects: Record<string, number>): { frames: number; events: number } {
  let frames = 0;
  let events = 0;
  for (const [subject, count] of Object.entries(subjects)) {
    frames += count;
    events += count * eventsOfSubject(subject);
  }
  return { frames, events };
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
