import { type Outcomes, startAbuse } from "./abusers.ts";
import type { Target } from "./target.ts";

/**
 * The process of the abusive clients. Its first message contains the options, and it answers at the first outcome. The
 * next message requests the outcomes.
 */
let outcomes: Outcomes | undefined;
process.on("message", ({ targets, ...counts }: { targets: Target[]; clients: number; idle: number }) => {
  if (outcomes === undefined) outcomes = startAbuse(targets, { ...counts, onFirstOutcome: () => process.send?.({}) });
  else process.send?.(outcomes);
});
process.once("disconnect", () => process.exit());
