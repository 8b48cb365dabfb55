/** New rows wait: the first page keeps the rows it opened with, renewed in place, until asked for more. */
import type { Job } from "@/api/domain";

export interface Pinned {
  rows: Job[];
  /** Jobs newer than the newest row shown. */
  waiting: number;
}

/** Ids are UUIDv7, so a greater id is a newer job. */
export function pin(fresh: Job[], newestId: string | null): Pinned {
  if (newestId === null) return { rows: fresh, waiting: 0 };
  const rows = fresh.filter((job) => job.id <= newestId);
  // Everything shown has moved on to the next page: there is nothing left to hold still.
  if (rows.length === 0) return { rows: fresh, waiting: 0 };
  return { rows, waiting: fresh.length - rows.length };
}
