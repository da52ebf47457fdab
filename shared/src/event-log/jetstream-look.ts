import type { JetStreamManager, StreamInfo } from "@nats-io/jetstream";
import type { LogContents } from "./event-log.ts";
import { incarnationOf, subjectPrefix } from "./jetstream-stream.ts";

const MAX_TRIES = 20;

/**
 * What the stream holds. The server reads the sequences first and the totals by subject a moment later, so a frame
 * removed in that moment would stand among the sequences and be missing from the totals. A second look afterwards tells:
 * when as many frames had left then as before, none left in between, and the first look is exact.
 *
 * On a log so busy that every try sees one leave, the last one counts. Its second look is a round trip away, its own
 * moment lasts microseconds: it is most probably exact as well.
 */
export async function lookIntoStream(manager: JetStreamManager, stream: string): Promise<LogContents> {
  const details = { subjects_filter: `${subjectPrefix(stream)}.>`, deleted_details: true };
  let info = await manager.streams.info(stream, details);
  for (let tries = 1; tries < MAX_TRIES; tries++) {
    const after = await manager.streams.info(stream);
    if (incarnationOf(after) === incarnationOf(info) && removedFrom(after) === removedFrom(info)) break;
    info = await manager.streams.info(stream, details);
  }
  return toContents(info);
}

function removedFrom({ state }: StreamInfo): number {
  return state.last_seq - state.messages;
}

function toContents(info: StreamInfo): LogContents {
  const { state } = info;
  let events = 0;
  for (const [subject, frames] of Object.entries(state.subjects ?? {})) {
    events += frames * Number(subject.slice(subject.lastIndexOf(".") + 1));
  }
  const isEmpty = state.messages === 0;
  const firstSequence = isEmpty ? state.last_seq + 1 : state.first_seq;
  return {
    incarnation: incarnationOf(info),
    events,
    frames: state.messages,
    firstSequence,
    lastSequence: state.last_seq,
    // The server may still name sequences below the first one, for a moment after the last frame before a gap has left.
    missing: (state.deleted ?? []).filter((sequence) => sequence >= firstSequence),
    removed: removedFrom(info),
    ...(isEmpty ? {} : { oldestAtMs: Date.parse(state.first_ts) }),
  };
}
