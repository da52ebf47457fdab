/**
 * Forgets, in small steps, what need not be kept for ever. The books do not change: what is forgotten stays counted, in
 * totals that grow in the same transaction. Several processes may prune at once; none waits for another.
 *
 * @throws {Unavailable} `store_unreachable`, each of them
 */
export interface Pruner {
  /** One step of a walk over the dropped copies, the oldest first. The newest of all may stay, whatever its age. */
  pruneDuplicates(options: PruneDuplicates): Promise<PruneStep>;

  /**
   * Forgets ledger rows, the oldest first.
   *
   * @returns how many; with 0 there are no more for now
   */
  pruneFrames(options: PruneFrames): Promise<number>;
}

export interface PruneDuplicates {
  /**
   * Copies received before this moment go; of those that differed, only where the payload of the stored event has expired.
   * The others of them stay where they are, and the walk passes them.
   */
  receivedBeforeMs: number;
  /** How many rows the step looks at. */
  limit: number;
  /** Where the step before ended; without it the walk begins with the oldest. */
  after?: string;
}

export interface PruneStep {
  /** How many copies were forgotten. */
  forgotten: number;
  /** Where the next step goes on. Absent when nothing was passed since the beginning. */
  position?: string;
  /** The walk has come to copies that are too young, or another process is at it. */
  isAtEnd: boolean;
}

export interface PruneFrames {
  /** Rows of frames that were applied before this moment. */
  processedBeforeMs: number;
  /**
   * The log as it was looked at: of this generation only frames below its first sequence go. Other generations are
   * gone and deliver nothing any more.
   */
  log: { generation: string; firstHeldSequence: number };
  limit: number;
}
