/** Wire type to domain type, in this one place. */
import type * as domain from "@/api/domain";
import { toCardMinute } from "@/api/pool";
import type { components } from "@/api/schema";

type Wire = components["schemas"];

const time = (value: string): number => Date.parse(value);
const maybeTime = (value: string | null | undefined): number | null =>
  value == null ? null : Date.parse(value);

export function toJob(job: Wire["Job"]): domain.Job {
  return {
    id: job.id,
    tenant: job.tenant,
    name: job.name,
    pipeline: job.pipeline,
    status: job.status,
    priority: job.priority,
    labels: job.labels,
    progress: job.progress,
    createdAt: time(job.created_at),
    startedAt: maybeTime(job.started_at),
    completedAt: maybeTime(job.completed_at),
    durationMs: job.duration_ms,
    demo: job.demo,
    raised: job.raised,
    seq: job.seq,
  };
}

const toReceipt = (receipt: Wire["JobReceipt"] | Wire["TaskReceipt"]): domain.Receipt => ({
  requestedAt: time(receipt.requested_at),
  requestedBy: receipt.requested_by,
  signalledAt: maybeTime(receipt.signalled_at),
  goneAt: maybeTime(receipt.gone_at),
  freedAt: maybeTime(receipt.freed_at),
});

const toJobReceipt = (receipt: Wire["JobReceipt"]): domain.JobReceipt => ({
  ...toReceipt(receipt),
  attempts: receipt.attempts,
  unconfirmed: receipt.unconfirmed,
});

export function toJobDetail(job: Wire["JobDetail"]): domain.JobDetail {
  return {
    ...toJob(job),
    parameters: job.parameters,
    result: job.result,
    error: job.error,
    gpuSeconds: job.gpu_seconds,
    cancel: job.cancel && toJobReceipt(job.cancel),
  };
}

export function toJobPage(page: Wire["JobPage"]): domain.JobPage {
  return {
    count: page.count,
    countCapped: page.count_capped,
    hasNext: page.next !== null,
    jobs: page.results.map(toJob),
    newer: [],
  };
}

export function toTask(task: Wire["Task"]): domain.Task {
  return {
    id: task.id,
    key: task.key,
    stage: task.stage,
    engineId: task.engine_id,
    status: task.status,
    dependencies: task.dependencies,
    required: task.required,
    readyAt: maybeTime(task.ready_at),
    startedAt: maybeTime(task.started_at),
    completedAt: maybeTime(task.completed_at),
    waitMs: task.wait_ms,
    durationMs: task.duration_ms,
    attempt: task.attempt,
    failures: task.failures,
    maxRetries: task.max_retries,
    retryAt: maybeTime(task.retry_at),
    worker: task.worker,
    progress: task.progress,
    gpuMemoryPeakMb: task.gpu_memory_peak_mb,
    error: task.error,
    errorCode: task.error_code,
    reason: task.reason,
    map: task.map,
    mappedFrom: task.mapped_from,
    seq: task.seq,
  };
}

export function toJobTasks(answer: Wire["JobTasks"]): domain.JobTasks {
  return { seq: answer.seq, tasks: answer.tasks.map(toTask) };
}

const toAttempt = (attempt: Wire["Attempt"]): domain.Attempt => ({
  number: attempt.number,
  worker: attempt.worker,
  startedAt: maybeTime(attempt.started_at),
  endedAt: maybeTime(attempt.ended_at),
  outcome: attempt.outcome,
  error: attempt.error,
  gpuMemoryPeakMb: attempt.gpu_memory_peak_mb,
  gpuSeconds: attempt.gpu_seconds,
  cards: attempt.cards,
  autopsy: attempt.autopsy?.map(toCardMinute) ?? [],
});

export function toTaskDetail(task: Wire["TaskDetail"]): domain.TaskDetail {
  return {
    ...toTask(task),
    config: task.config,
    inputs: task.inputs,
    output: task.output,
    files: task.files.map((file) => ({ id: file.id, name: file.name, sizeBytes: file.size_bytes })),
    attempts: task.attempts.map(toAttempt),
    cancel: task.cancel && toReceipt(task.cancel),
  };
}

const toLine = ({ n, at, level, text, dropped }: Wire["TaskLine"]): Omit<domain.LogLine, "source"> => ({
  n,
  at: time(at),
  level,
  text,
  dropped: dropped ?? null,
});

export const toTaskLine = (line: Wire["TaskLine"]): domain.LogLine => ({ ...toLine(line), source: null });

export const toTaskLogPage = (page: Wire["TaskLogPage"]): domain.LogPage => ({
  next: page.next === null ? null : String(page.next),
  lines: page.lines.map(toTaskLine),
});

export const toJobLogPage = (page: Wire["JobLogPage"]): domain.LogPage => ({
  next: page.next,
  lines: page.lines.map((line) => ({
    ...toLine(line),
    source: { taskId: line.task_id, key: line.key, attempt: line.attempt },
  })),
});

/** What an event changed; the contract leaves its fields open. */
interface Changes {
  job?: Record<string, unknown>;
  tasks?: ({ id: string } & Record<string, unknown>)[];
  sets?: domain.TaskSet[];
}

export function toEvent(event: Wire["Event"]): domain.JobEvent {
  const changes: Changes = event.changes;
  return {
    seq: event.seq,
    at: time(event.at),
    type: event.type,
    actor: event.actor,
    job: changes.job ?? {},
    tasks: changes.tasks ?? [],
    sets: changes.sets ?? [],
  };
}

export const toWhy = (why: Wire["Why"]): domain.Why => ({
  reason: why.reason,
  detail: why.detail,
  eta: maybeTime(why.eta),
  history: why.history.map((span) => ({
    reason: span.reason,
    from: time(span.from),
    to: maybeTime(span.to),
  })),
});

export const toEngine = (engine: Wire["Engine"]): domain.Engine => ({
  id: engine.engine_id,
  stage: engine.stage,
  kind: engine.kind,
  status: engine.status,
  queueDepth: engine.queue_depth,
  running: engine.running,
  oldestWaitMs: engine.oldest_wait_ms,
  workers: engine.workers,
  models: engine.models,
  p50Ms: engine.p50_ms,
  p95Ms: engine.p95_ms,
  failureRate: engine.failure_rate,
  demo: engine.demo,
});

const toGpu = (system: Wire["Dashboard"]["system"]): domain.Dashboard["gpu"] => ({
  status: system.gpu_status,
  usedMb: system.gpu_memory_used_mb,
  totalMb: system.gpu_memory_total_mb,
  simulated: system.gpu_driver === "simulated",
  sampledAt: maybeTime(system.gpu_sampled_at),
});

export function toDashboard({ seq, system, batch, realtime }: Wire["Dashboard"]): domain.Dashboard {
  return {
    seq,
    status: system.status,
    reasons: system.reasons.map(({ detail }) => detail),
    gpu: toGpu(system),
    activeJobs: batch.active_jobs,
    queueDepth: batch.queue_depth,
    oldestWaitMs: batch.oldest_wait_ms,
    recentJobs: batch.recent_jobs.map(toJob),
    realtime: realtime && {
      capacity: realtime.total_capacity,
      active: realtime.active_sessions,
      workers: realtime.worker_count,
      models: realtime.models,
    },
  };
}

export const toMe = (me: Wire["Me"]): domain.Me => ({
  kind: me.kind,
  name: me.name,
  username: me.username,
  tenant: me.tenant,
  isStaff: me.is_staff,
  keyExpiresAt: maybeTime(me.key_expires_at),
});

export const toPipeline = (pipeline: Wire["Pipeline"]): domain.Pipeline => ({
  name: pipeline.name,
  tenant: pipeline.tenant ?? null,
  description: pipeline.description,
  });

export const toTenant = ({ slug, name, active }: Wire["Tenant"]): domain.Tenant => ({
  slug,
  name,
  active: active ?? true,
});
