/** What the page works with: camelCase, times as epoch milliseconds. */
import type { CardMinute, GpuFigures } from "@/api/poolDomain";

export const JOB_STATUSES = ["pending", "running", "cancelling", "completed", "failed", "cancelled"] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

export const TASK_STATUSES = ["pending", "ready", "running", "completed", "failed", "skipped", "cancelled"] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

export type Progress = Record<TaskStatus, number> & { total: number };

export interface Job {
  id: string;
  tenant: string;
  name: string;
  pipeline: string | null;
  status: JobStatus;
  priority: number;
  labels: Record<string, string>;
  progress: Progress;
  createdAt: number;
  startedAt: number | null;
  completedAt: number | null;
  durationMs: number | null;
  /** Of a built-in pipeline, for a first look. */
  demo: boolean;
  /** Staff put it before the jobs of all tenants. */
  raised: boolean;
  /** Number of its newest event: of two readings the higher is the newer. */
  seq: number;
}

/** What is known of a cancel, step by step; null where a step is not known (of all processes). */
export interface Receipt {
  requestedAt: number;
  requestedBy: string | null;
  signalledAt: number | null;
  goneAt: number | null;
  freedAt: number | null;
}

export interface JobReceipt extends Receipt {
  /** Runs that were told to stop. */
  attempts: number;
  /** Those told more than 30 s ago that nobody knows to be gone. */
  unconfirmed: number;
}

export interface JobDetail extends Job {
  parameters: unknown;
  result: unknown;
  error: string | null;
  /** Of all attempts; null where none was seen on a card. */
  gpuSeconds: number | null;
  cancel: JobReceipt | null;
}

/** `count` is null where the server would have to scan. */
export interface JobPage {
  count: number | null;
  countCapped: boolean;
  hasNext: boolean;
  jobs: Job[];
  /** Ids of jobs made since the page was read, as far as the socket has told. */
  newer: string[];
}

export interface Task {
  id: string;
  key: string;
  stage: string;
  engineId: string;
  status: TaskStatus;
  dependencies: string[];
  required: boolean;
  readyAt: number | null;
  startedAt: number | null;
  completedAt: number | null;
  waitMs: number | null;
  durationMs: number | null;
  attempt: number;
  failures: number;
  maxRetries: number;
  retryAt: number | null;
  worker: string | null;
  /** 0 to 1, null while the engine reports none. */
  progress: number | null;
  gpuMemoryPeakMb: number | null;
  error: string | null;
  errorCode: string | null;
  reason: string | null;
  /** Set on a template: it never runs itself, and gets an instance for each element of a list. */
  map: { over: string; path: string; max: number } | null;
  /** Set on an instance: its template. */
  mappedFrom: string | null;
  /** Number of the event that changed it last. */
  seq: number;
}

export interface JobTasks {
  seq: number;
  tasks: Task[];
}

export interface StoredFile {
  id: string;
  name: string;
  sizeBytes: number;
}

export type AttemptOutcome = "completed" | "failed" | "timed_out" | "lost" | "cancelled" | "stale";

export interface Attempt {
  number: number;
  worker: string | null;
  startedAt: number | null;
  endedAt: number | null;
  /** null while it runs. */
  outcome: AttemptOutcome | null;
  error: string | null;
  gpuMemoryPeakMb: number | null;
  gpuSeconds: number | null;
  cards: string[] | null;
  autopsy: CardMinute[];
}

export interface TaskDetail extends Task {
  config: unknown;
  inputs: unknown;
  output: unknown;
  files: StoredFile[];
  attempts: Attempt[];
  cancel: Receipt | null;
}

export interface LogLine {
  n: number;
  at: number;
  level: string;
  text: string;
  /** How many dropped lines it stands for; null for a line that was printed. */
  dropped: number | null;
  /** Set in a job's log, where the lines of all its tasks mix. */
  source: { taskId: string; key: string; attempt: number } | null;
}

export interface LogPage {
  lines: LogLine[];
  /** Cursor to ask for what comes after, null at the end. */
  next: string | null;
}

export interface JobEvent {
  seq: number;
  at: number;
  type: string;
  actor: string | null;
  job: Record<string, unknown>;
  tasks: ({ id: string } & Record<string, unknown>)[];
  /** The same for many, after the single ones. */
  sets: TaskSet[];
}

export interface TaskSet {
  where: Record<string, unknown>;
  changes: Record<string, unknown>;
  /** They are gone. */
  removed?: boolean;
}

/** A part of a task's way; null while it lasts. */
export interface WhySpan {
  reason: string;
  from: number;
  to: number | null;
}

export interface Why {
  reason: string;
  /** One sentence. */
  detail: string;
  /** When that is expected to be over. */
  eta: number | null;
  /** Oldest first, without a gap. */
  history: WhySpan[];
}

export interface Engine {
  id: string;
  stage: string;
  kind: string;
  status: string;
  queueDepth: number;
  running: number;
  oldestWaitMs: number | null;
  workers: number | null;
  models: string[];
  p50Ms: number | null;
  p95Ms: number | null;
  failureRate: number | null;
  /** Built in, for a first look. */
  demo: boolean;
}

export interface ModelSlots {
  model: string;
  capacity: number;
  active: number;
}

export interface Dashboard {
  /** When it was read; of two the higher is the newer. */
  seq: number;
  status: "healthy" | "degraded" | "unhealthy";
  reasons: string[];
  /** null: no card reported, which is not 0. */
  gpu: GpuFigures;
  activeJobs: number;
  queueDepth: number;
  oldestWaitMs: number | null;
  recentJobs: Job[];
  realtime: { capacity: number; active: number; workers: number; models: ModelSlots[] } | null;
}

export interface Me {
  kind: "staff" | "key";
  name: string;
  username: string | null;
  tenant: string | null;
  isStaff: boolean;
  keyExpiresAt: number | null;
}

export interface Tenant {
  slug: string;
  name: string;
  active: boolean;
}

export interface Pipeline {
  name: string;
  tenant: string | null;
  description: string;
}
