/** A job's events in order, and what they make of a job and tasks that were read before them. Pure. */
import type { JobDetail, JobEvent, JobTasks, Task, TaskSet } from "@/api/domain";
import type { TaskShare } from "@/live/frames";

/** Events this far back are kept for answers that were read before them. */
export const KEPT_MAX = 10_000;

/** All events with `base < seq <= head`. */
export interface Feed {
  base: number;
  head: number;
  events: readonly JobEvent[];
}

export const startFeed = (seq: number): Feed => ({ base: seq, head: seq, events: [] });

/** Whether what was read at `seq` can be brought up to the head. */
export const reaches = (feed: Feed, seq: number): boolean => seq >= feed.base;

/** Takes in what is new and follows without a gap. `gap`: something in between is missing. */
export function receive(feed: Feed, batch: readonly JobEvent[]): { feed: Feed; gap: boolean } {
  const fresh: JobEvent[] = [];
  let { head } = feed;
  let gap = false;
  for (const event of batch) {
    if (event.seq <= head) continue;
    gap = event.seq !== head + 1;
    if (gap) break;
    fresh.push(event);
    head = event.seq;
  }
  if (fresh.length === 0) return { feed, gap };
  const events = [...feed.events, ...fresh].slice(-KEPT_MAX);
  return { feed: { base: head - events.length, head, events }, gap };
}

const after = (feed: Feed, seq: number): readonly JobEvent[] =>
  seq >= feed.head ? [] : feed.events.slice(seq - feed.base);

/** A time as the domain has it, from a field of an event. */
const time = (value: unknown): number | null => (typeof value === "string" ? Date.parse(value) : null);

const as = (value: unknown): unknown => value;

const JOB_FIELDS: Record<string, [keyof JobDetail, (value: unknown) => unknown]> = {
  status: ["status", as],
  progress: ["progress", as],
  error: ["error", as],
  started_at: ["startedAt", time],
  completed_at: ["completedAt", time],
  raised_at: ["raised", (value) => value !== null],
};

const TASK_FIELDS: Record<string, [keyof Task, (value: unknown) => unknown]> = {
  status: ["status", as],
  attempt: ["attempt", as],
  failures: ["failures", as],
  worker: ["worker", as],
  progress: ["progress", as],
  error: ["error", as],
  error_code: ["errorCode", as],
  reason: ["reason", as],
  ready_at: ["readyAt", time],
  started_at: ["startedAt", time],
  completed_at: ["completedAt", time],
  retry_at: ["retryAt", time],
};

function read<T extends object>(
  fields: Record<string, [keyof T, (value: unknown) => unknown]>,
  changes: Record<string, unknown>,
): Partial<T> {
  const known = Object.entries(changes).flatMap(([name, value]) => {
    const field = fields[name];
    return field ? [[field[0], field[1](value)] as const] : [];
  });
  return Object.fromEntries(known) as Partial<T>;
}

const span = (from: number | null, to: number): number | null => (from === null ? null : Math.max(0, to - from));

function jobAfter(job: JobDetail, event: JobEvent): JobDetail {
  const next = { ...job, ...read<JobDetail>(JOB_FIELDS, event.job), seq: event.seq };
  return { ...next, durationMs: span(next.startedAt, next.completedAt ?? event.at) };
}

/** The job as it is after all events of the feed. */
export const bringJob = (job: JobDetail, feed: Feed): JobDetail =>
  after(feed, job.seq).reduce(jobAfter, job);

function taskAfter(task: Task, changes: Record<string, unknown>, event: JobEvent): Task {
  const next = { ...task, ...read<Task>(TASK_FIELDS, changes), seq: event.seq };
  const until = next.startedAt ?? next.completedAt ?? event.at;
  return {
    ...next,
    waitMs: next.status === "pending" ? null : span(next.readyAt, until),
    durationMs: span(next.startedAt, next.completedAt ?? event.at),
    gpuMemoryPeakMb: next.attempt === task.attempt ? task.gpuMemoryPeakMb : null,
  };
}

const holds = (list: unknown, value: unknown): boolean => Array.isArray(list) && list.includes(value);

const MEMBER: Record<string, (wanted: unknown, task: Task) => boolean> = {
  status: (wanted, task) => holds(wanted, task.status),
  mapped_from: (wanted, task) => task.mappedFrom !== null && holds(wanted, task.mappedFrom),
  dependencies: (wanted, task) => task.dependencies.length === wanted,
};

/** Rows by their ids, copied before the first change. */
class Rows {
  incomplete = false;
  private rows: Task[];
  private readonly index: Map<string, number>;
  private copied = false;

  constructor(tasks: Task[]) {
    this.rows = tasks;
    this.index = new Map(tasks.map(({ id }, i) => [id, i]));
  }

  get all(): Task[] {
    return this.rows;
  }

  /** Events that a row has seen do not touch it. */
  change(id: string, changes: Record<string, unknown>, event: JobEvent): void {
    const i = this.index.get(id);
    const row = i === undefined ? undefined : this.rows[i];
    if (i === undefined || row === undefined) this.incomplete = true;
    else if (row.seq < event.seq) this.put(i, taskAfter(row, changes, event));
  }

  changeSet({ where, changes, removed }: TaskSet, event: JobEvent): void {
    const [[name, wanted] = ["", null]] = Object.entries(where);
    if (removed || (name !== "ids" && !(name in MEMBER))) {
      this.incomplete = true;
      return;
    }
    const ids = name === "ids" ? (wanted as string[]) : this.members(name, wanted);
    for (const id of ids) this.change(id, changes, event);
  }

  share({ id, progress }: TaskShare): void {
    const i = this.index.get(id);
    const row = i === undefined ? undefined : this.rows[i];
    if (i !== undefined && row?.status === "running") this.put(i, { ...row, progress });
  }

  private members(name: string, wanted: unknown): string[] {
    const belongs = MEMBER[name];
    return belongs ? this.rows.filter((task) => belongs(wanted, task)).map(({ id }) => id) : [];
  }

  private put(i: number, row: Task): void {
    if (!this.copied) this.rows = [...this.rows];
    this.copied = true;
    this.rows[i] = row;
  }
}

/** The tasks after all events of the feed. `incomplete`: they speak of tasks that have to be fetched. */
export function bringTasks(tasks: JobTasks, feed: Feed): { tasks: JobTasks; incomplete: boolean } {
  const events = after(feed, tasks.seq);
  if (events.length === 0) return { tasks, incomplete: false };
  const rows = new Rows(tasks.tasks);
  for (const event of events) {
    for (const { id, ...changes } of event.tasks) rows.change(id, changes, event);
    for (const set of event.sets) rows.changeSet(set, event);
  }
  return { tasks: { seq: feed.head, tasks: rows.all }, incomplete: rows.incomplete };
}

/** How far running tasks say they are. */
export function withShares(tasks: JobTasks, shares: readonly TaskShare[]): JobTasks {
  const rows = new Rows(tasks.tasks);
  for (const share of shares) rows.share(share);
  return { ...tasks, tasks: rows.all };
}
