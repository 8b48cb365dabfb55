/** Of two readings the newer. Pure. */
import type { Job, JobPage } from "@/api/domain";

export const newest = <T extends { seq: number }>(held: T | undefined, told: T): T =>
  held && held.seq > told.seq ? held : told;

/** Of a row read twice, the newer: rows never go backwards. */
export function newerRow(held: Job, told: Job | undefined): Job {
  return told && told.seq >= held.seq ? told : held;
}

/** What was fetched, with the rows of which something newer is held. */
export function keepNewer(held: JobPage | undefined, fetched: JobPage): JobPage {
  if (!held) return fetched;
  const known = new Map(held.jobs.map((job) => [job.id, job]));
  return { ...fetched, jobs: fetched.jobs.map((job) => newerRow(job, known.get(job.id))) };
}
