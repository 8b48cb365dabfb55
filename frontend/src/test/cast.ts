/** The fixed cast: acme, globex, staff; and jobs and tasks as the wire brings them. */
import type { Task } from "@/api/domain";
import type { components } from "@/api/schema";
import { json, type Answer } from "@/test/server";

type Wire = components["schemas"];

export const staff: Wire["Me"] = {
  kind: "staff",
  name: "Ada",
  username: "ada",
  tenant: null,
  is_staff: true,
  is_superuser: true,
  scopes: [],
  key_expires_at: null,
  quotas: {},
};

const NO_PROGRESS = {
  total: 0,
  pending: 0,
  ready: 0,
  running: 0,
  completed: 0,
  failed: 0,
  skipped: 0,
  cancelled: 0,
};

export const wireJob = (changes: Partial<Wire["JobDetail"]> = {}): Wire["JobDetail"] => ({
  id: "01990000-0000-7000-8000-000000000001",
  tenant: "acme",
  name: "nightly",
  pipeline: "speech",
  status: "running",
  priority: 0,
  labels: {},
  progress: { ...NO_PROGRESS, total: 3, completed: 1, running: 1, pending: 1 },
  created_at: "2026-11-22T12:00:00.000000Z",
  started_at: "2026-11-22T12:00:01.000000Z",
  completed_at: null,
  duration_ms: 4000,
  demo: false,
  raised: false,
  cancel: null,
  parameters: {},
  result: null,
  result_too_large: false,
  gpu_seconds: null,
  error: null,
  seq: 7,
  ...changes,
});

export const wireTask = (changes: Partial<Wire["Task"]> = {}): Wire["Task"] => ({
  id: "t1",
  key: "decode",
  stage: "decode",
  engine_id: "ffmpeg",
  status: "completed",
  dependencies: [],
  required: true,
  ready_at: "2026-11-22T12:00:01.000000Z",
  started_at: "2026-11-22T12:00:02.000000Z",
  completed_at: "2026-11-22T12:00:03.000000Z",
  wait_ms: 1000,
  duration_ms: 1000,
  attempt: 1,
  failures: 0,
  max_retries: 2,
  retry_at: null,
  worker: "worker-1",
  progress: null,
  gpu_memory_peak_mb: null,
  error: null,
  error_code: null,
  reason: null,
  seq: 3,
  map: null,
  mapped_from: null,
  map_index: null,
  ...changes,
});

export const task = (changes: Partial<Task> = {}): Task => ({
  id: "t1",
  key: "decode",
  stage: "decode",
  engineId: "ffmpeg",
  status: "completed",
  dependencies: [],
  required: true,
  readyAt: 0,
  startedAt: 1000,
  completedAt: 2000,
  waitMs: 1000,
  durationMs: 1000,
  attempt: 1,
  failures: 0,
  maxRetries: 2,
  retryAt: null,
  worker: "worker-1",
  progress: null,
  gpuMemoryPeakMb: null,
  error: null,
  errorCode: null,
  reason: null,
  map: null,
  mappedFrom: null,
  seq: 3,
  ...changes,
});

/** What the shell asks for, for staff and two tenants. */
export const shellAnswers: Record<string, Answer> = {
  "GET /api/console/me": () => json(staff),
  "GET /api/console/tenants": () =>
    json([
      { id: "1", slug: "acme", name: "Acme", active: true, created_at: "2026-11-22T12:00:00Z" },
      { id: "2", slug: "globex", name: "Globex", active: true, created_at: "2026-11-22T12:00:00Z" },
    ]),
  "GET /api/console/engines": () => json([]),
  "GET /api/console/pipelines": () => json([]),
};
