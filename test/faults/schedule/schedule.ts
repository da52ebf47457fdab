import { createRandom, pickBelow, type Random } from "../../../tools/seeded-random.ts";
import {
  AMOUNT,
  FAULT_DECK,
  type FaultGroup,
  type FaultKind,
  type FaultTemplate,
  HOLD_MS,
  type Shape,
} from "./fault-deck.ts";

export interface Fault {
  kind: FaultKind;
  /** A component, a proxy (`from>to`), or `all`. */
  target: string;
  /** The duration in milliseconds, until the component runs again or the proxy is healed. */
  holdMs: number;
  /** The time after the beginning of the step in milliseconds. Default: 0. */
  afterMs?: number;
  /** `slow`: the delay of each piece of data in milliseconds. `clock jump`: the new offset of the producers' clock in milliseconds. */
  amount?: number;
}

/** Faults that begin together, `gapMs` after the last fault of the previous step has ended. */
export interface Step {
  gapMs: number;
  faults: Fault[];
}

export interface ScheduleOptions {
  seed: number;
  shape: Shape;
  durationMs: number;
}

const LONGEST_GAP_MS = 3_000;
const LONGEST_STAGGER_MS = 1_500;
const JOIN_ODDS = 0.4;

/** Draws faults for the whole duration. Equal options give equal steps. */
export function drawSteps({ seed, shape, durationMs }: ScheduleOptions): Step[] {
  const random = createRandom(seed);
  const steps: Step[] = [];
  let deck: FaultGroup[] = [];
  /** Faults that were drawn but could not join the previous step. */
  let waiting: Fault[] | undefined;
  const draw = () => {
    const drawn = waiting;
    waiting = undefined;
    if (drawn !== undefined) return drawn;
    if (deck.length === 0) deck = shuffle(random, FAULT_DECK[shape]);
    return (deck.pop() as FaultGroup).map((template) => drawFault(random, template));
  };
  const stagger = (fault: Fault) => ({ ...fault, afterMs: Math.round(random() * LONGEST_STAGGER_MS) });
  for (let atMs = 0; ; ) {
    const gapMs = Math.round(random() * LONGEST_GAP_MS);
    const [first, ...others] = draw() as [Fault, ...Fault[]];
    if (others.length === 0 && random() < JOIN_ODDS) {
      const next = draw();
      if (next.length === 1 && canJoin(first, next[0] as Fault)) others.push(...next);
      else waiting = next;
    }
    const faults = [first, ...others.map(stagger)];
    atMs += gapMs + Math.max(...faults.map(({ holdMs, afterMs = 0 }) => afterMs + holdMs));
    if (atMs > durationMs) return steps;
    steps.push({ gapMs, faults });
  }
}

function drawFault(random: Random, { kind, targets, hold = HOLD_MS[kind] }: FaultTemplate): Fault {
  const within = ([least, most]: readonly [number, number]) => Math.round(least + random() * (most - least));
  const target = targets[pickBelow(random, targets.length)] as string;
  const fault = { kind, target, holdMs: within(hold) };
  const range = AMOUNT[kind];
  return range === undefined ? fault : { ...fault, amount: within(range) };
}

function shuffle<Item>(random: Random, items: readonly Item[]): Item[] {
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = pickBelow(random, last + 1);
    [shuffled[last], shuffled[other]] = [shuffled[other] as Item, shuffled[last] as Item];
  }
  return shuffled;
}

/** Two faults with the same target would undo each other. */
function canJoin(first: Fault, second: Fault): boolean {
  if (first.target === "all" || second.target === "all") return false;
  const ends = (fault: Fault) =>
    fault.kind === "redelivery" ? [fault.target, `${fault.target}>nats`] : [fault.target];
  return !ends(first).some((end) => ends(second).includes(end));
}
