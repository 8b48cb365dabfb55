/** When to ask again. `still`: never, because the socket brings it or the view is frozen. */
import type { JobStatus, Task } from "@/api/domain";
import { connection } from "@/live/connection";

export const ACTIVE: ReadonlySet<JobStatus | undefined> = new Set<JobStatus>([
  "pending",
  "running",
  "cancelling",
]);

const OVERVIEW_MS = 5000;
const JOB_MS = 2000;
const RECEIPT_MS = 10_000;

export const overviewInterval = (still: boolean): number | false => (still ? false : OVERVIEW_MS);

export const jobInterval = (still: boolean, status: JobStatus | undefined): number | false => {
  if (!ACTIVE.has(status) || connection.isFrozen()) return false;
  if (!still) return JOB_MS;
  // No event tells which processes are gone, or that nobody knows.
  return status === "cancelling" ? RECEIPT_MS : false;
};

/** Tasks are asked for until they are as new as the job, or its end would leave them on "running". */
export const tasksInterval = (
  still: boolean,
  job: { status: JobStatus; seq: number } | undefined,
  tasks: { seq: number } | undefined,
): number | false => {
  if (still || !job) return false;
  return ACTIVE.has(job.status) || (tasks !== undefined && tasks.seq < job.seq) ? JOB_MS : false;
};

type TaskMoment = Pick<Task, "status" | "attempt">;

/** The open task is asked for until it says what the list says of it. */
export const taskInterval = (
  still: boolean,
  status: JobStatus | undefined,
  listed: TaskMoment | undefined,
  detail: TaskMoment | undefined,
): number | false => {
  if (still) return false;
  const behind =
    listed && detail && (listed.status !== detail.status || listed.attempt !== detail.attempt);
  return behind || ACTIVE.has(status) ? JOB_MS : false;
};

/** A stream ends with the first page asked for after its job ended. */
export const streamInterval = (
  still: boolean,
  status: JobStatus | undefined,
  stream: { final: boolean } | undefined,
): number | false => {
  if (still || (stream?.final && !ACTIVE.has(status))) return false;
  return JOB_MS;
};
