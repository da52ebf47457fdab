/**
 * The place of a frame in a log. A log that was deleted and created again has a new generation, whose sequences begin
 * at 1.
 */
export interface Origin {
  generation: string;
  sequence: number;
}

/** The sequences `first..last`, both included. */
export interface SequenceRange {
  first: number;
  last: number;
}
