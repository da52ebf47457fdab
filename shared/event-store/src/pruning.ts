/**
 * Deletes old rows in small steps. The books do not change: deleted rows stay counted, in totals that grow in the same
 * transaction. Several processes may prune at once, and none waits for another. Each method throws `Unavailable`
 * (`store_unreachable`) when the store cannot answer.
 */
export interface Pruner {
  /** Takes one step of a scan over the duplicates, the oldest first. The newest duplicate may stay at any age. */
  pruneDuplicates(options: PruneDuplicates): Promise<PruneStep>;

  /**
   * Deletes ledger rows, the oldest first.
   *
   * @returns the number of rows deleted; 0 when there are no more for now
   */
  pruneFrames(options: PruneFrames): Promise<number>;

  /**
   * Deletes minutes of the history, the oldest first.
   *
   * @returns the number of rows deleted; 0 when there are no more for now
   */
  pruneHistory(options: PruneHistory): Promise<number>;
}

export interface PruneHistory {
  /** Only minutes before that of this moment are deleted. */
  beforeMs: number;
  /** The largest number of rows to delete in each table. */
  limit: number;
}

export interface PruneDuplicates {
  /**
   * Duplicates received before this moment are deleted, except conflicts whose content is kept. The scan passes those.
   */
  receivedBeforeMs: number;
  /** The number of rows that the step reads. */
  limit: number;
  /** The `position` of the step before. Without it the scan starts at the oldest row. */
  after?: string;
}

export interface PruneStep {
  /** The number of duplicates deleted. */
  forgotten: number;
  /** The position at which the next step continues. Absent when the scan has passed no row yet. */
  position?: string;
  /** Whether the scan has reached duplicates that are too young, or another process is pruning. */
  isAtEnd: boolean;
}

export interface PruneFrames {
  /** Only rows of frames applied before this moment are deleted. */
  processedBeforeMs: number;
  /**
   * The snapshot of the log. In its generation, only frames below the first sequence held are deleted. Other
   * generations no longer exist, so their frames cannot be delivered again.
   */
  log: { generation: string; firstHeldSequence: number };
  limit: number;
}
