import type { DiskSpace } from "@tidemark/domain/disk-space";

/** The resources of its server or its disk that the store takes up. */
export interface UsageReader {
  /** Its cost does not depend on the number of events. @throws {Unavailable} `store_unreachable` */
  readUsage(): Promise<StoreUsage>;
}

export interface StoreUsage {
  /** The bytes of the database, with its indexes and, for a file, its write-ahead log. */
  databaseBytes: number;
  /** Absent for a database server, which does not tell. */
  disk?: DiskSpace;
  /** The connections of the server, and the most that it allows. Absent for a file. */
  connections?: { open: number; limit: number };
  /**
   * The age of the oldest open transaction; 0 if there is none. Old ones keep the server from cleaning up. Absent for a file,
   * and if the role may not see the transactions of other roles.
   */
  oldestTransactionSeconds?: number;
  /** The standbys that follow the server. Absent if there is none, and if the role may not see them. */
  standbys?: { streaming: number; lagBytes: number };
}
