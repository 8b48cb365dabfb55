/** Workers and cards as the wire brings them. */
import type { components } from "@/api/schema";

type Wire = components["schemas"];

const AT = "2026-11-22T12:00:00.000000Z";

export const wireWorker = (changes: Partial<Wire["Worker"]> = {}): Wire["Worker"] => ({
  id: `w-${changes.name ?? "1"}`,
  name: "w1",
  kind: "batch",
  node: "hall",
  pid: 1,
  status: "ready",
  lost: false,
  engines: [],
  slots: 4,
  in_hand: 0,
  tasks_in_hand: [],
  sessions_in_hand: [],
  models: [],
  empty_in_seconds: null,
  started_at: AT,
  last_heartbeat_at: AT,
  last_proof_at: null,
  last_claim_at: null,
  last_finish_at: null,
  canary_at: null,
  lease_until: AT,
  stopped_at: null,
  drain_requested_at: null,
  drain_requested_by: null,
  drain_deadline_at: null,
  engines_hash: "",
  drift: false,
  stale_reports: 0,
  ...changes,
});

export const wireCard = (changes: Partial<Wire["Card"]> = {}): Wire["Card"] => ({
  uuid: "GPU-0",
  index: 0,
  name: "Test card",
  mig_parent: null,
  driver: "nvml",
  status: "ok",
  reason: null,
  total_mb: 8192,
  used_mb: 1000,
  utilization: 37,
  temperature: 55,
  power_w: 120.5,
  sampled_at: AT,
  age_ms: 100,
  first_seen_at: AT,
  last_seen_at: AT,
  holders: [],
  ...changes,
});

export const wireCardNode = (changes: Partial<Wire["GpuNode"]> = {}): Wire["GpuNode"] => ({
  node: "hall",
  status: "ok",
  reason: null,
  detail: null,
  driver: "nvml",
  driver_version: "550.54",
  sampled_at: AT,
  age_ms: 100,
  cards: [],
  ...changes,
});

export const wireRealtimeWorker = (changes: Partial<Wire["RealtimeWorker"]> = {}): Wire["RealtimeWorker"] => ({
  id: `w-${changes.name ?? "asr-1"}`,
  name: "asr-1",
  endpoint: "ws://127.0.0.1:9001",
  capacity: 2,
  active: 1,
  models: ["en"],
  status: "ready",
  last_heartbeat: AT,
  drain_requested_at: null,
  ...changes,
});

export const wireSession = (changes: Partial<Wire["SessionDetail"]> = {}): Wire["SessionDetail"] => ({
  id: "01990000-0000-7000-8000-0000000000ab",
  tenant: "acme",
  model: "en",
  status: "active",
  worker: { id: "w-asr-1", name: "asr-1", endpoint: "ws://127.0.0.1:9001" },
  metadata: {},
  ttl_seconds: 3600,
  created_at: AT,
  connect_by: AT,
  expires_at: AT,
  started_at: AT,
  ended_at: null,
  end_reason: null,
  duration_ms: 61_000,
  placement: null,
  ...changes,
});

export const wireHolder = (changes: Partial<Wire["Holder"]> = {}): Wire["Holder"] => ({
  kind: "foreign",
  pid: 77,
  used_mb: 300,
  tenant: null,
  job_id: null,
  task_id: null,
  key: null,
  attempt: null,
  engine_id: null,
  worker_id: null,
  worker: null,
  ...changes,
});
