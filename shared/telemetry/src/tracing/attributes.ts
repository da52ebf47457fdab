import { countVerdicts, type Verdicts } from "@tidemark/domain/verdict";

/** Returns the attributes of a span that hold the verdicts on the events of a request. */
export function verdictAttributes(verdicts: Verdicts, firstEvent: number, count: number): Record<string, number> {
  const { accepted, duplicates, conflicts, deadLettered } = countVerdicts(verdicts, firstEvent, firstEvent + count);
  return {
    "tidemark.events": count,
    "tidemark.stored": accepted,
    "tidemark.duplicates": duplicates,
    "tidemark.conflicts": conflicts,
    "tidemark.dead_letters": deadLettered,
  };
}
