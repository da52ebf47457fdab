/** The place of a frame in a log. A log that was created again has another generation and counts from 1 again. */
export interface Origin {
  generation: string;
  sequence: number;
}

/** The sequences `first..last`, both included. */
export interface SequenceRange {
  first: number;
  last: number;
}
