/** The room on the disk that holds the log or the store. */
export interface DiskSpace {
  freeBytes: number;
  sizeBytes: number;
}
