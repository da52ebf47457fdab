import type { DiskSpace } from "@tidemark/domain/disk-space";

/** The resources that the store uses on its server or disk. */
export interface UsageReader {
  /** Its cost does not depend on the number of events. @throws {Unavailable} `store_unreachable` */
  readUsage(): Promise<StoreUsage>;
}

export interface StoreUsage {
  /** The bytes of the database, with its indexes and, for a file, its write-ahead log. */
  databaseBytes: number;
  /** Absent for a database server, which does not report it. */
  disk?: DiskSpace;
  /** The connections of the server, and the most that it allows. Absent for a file. */
  connections?: { open: number; limit: number };
  /**
   * The age of the oldest open transaction; 0 if there is none. An old transaction prevents the server from cleaning
   * up. Absent for a file, and if the role may not see the transactions of other roles.
   */
  oldestTransactionSeconds?: number;
  /** The standbys that follow the server. Absent if none follows, or if the role may not see them. */
  standbys?: { streaming: number; lagBytes: number };
}
