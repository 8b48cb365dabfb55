/** The calls that bring sessions, workers and cards: wire in, domain out. */
import { bodyOf, client } from "@/api/client";
import type { Scope } from "@/api/endpoints";
import type {
  Card,
  CardHistory,
  CardMinute,
  CardNode,
  Fleet,
  Holder,
  ModelLoad,
  Realtime,
  Session,
  SessionDetail,
  SessionPage,
  Worker,
} from "@/api/poolDomain";
import type { components } from "@/api/schema";

type Wire = components["schemas"];

const time = (value: string): number => Date.parse(value);
const maybeTime = (value: string | null): number | null => (value === null ? null : Date.parse(value));
const scoped = (tenant: string | null) => ({ tenant: tenant ?? undefined });

const toSession = (session: Wire["Session"]): Session => ({
  id: session.id,
  tenant: session.tenant,
  model: session.model,
  status: session.status,
  worker: session.worker.name ?? session.worker.endpoint,
  createdAt: time(session.created_at),
  startedAt: maybeTime(session.started_at),
  expiresAt: time(session.expires_at),
  endedAt: maybeTime(session.ended_at),
  endReason: session.end_reason,
  durationMs: session.duration_ms,
});

export const toSessionDetail = (session: Wire["SessionDetail"]): SessionDetail => ({
  ...toSession(session),
  endpoint: session.worker.endpoint,
  metadata: session.metadata,
  connectBy: time(session.connect_by),
  placement: session.placement && {
    milliseconds: session.placement.milliseconds,
    candidates: session.placement.candidates.map((row) => ({
      workerId: row.worker_id,
      worker: row.worker,
      active: row.active,
      capacity: row.capacity,
      verdict: row.verdict,
    })),
  },
});

const toModel = (model: Wire["Model"]): ModelLoad => ({
  model: model.model,
  capacity: model.capacity,
  active: model.active,
  free: model.free,
  fullInMinutes: model.full_in_minutes,
  wants: model.wants,
  has: model.has,
});

export const toRealtime = (status: Wire["RealtimeStatus"]): Realtime => ({
  capacity: status.total_capacity,
  active: status.active_sessions,
  models: status.models.map(toModel),
  workers: status.workers.map((worker) => ({
    id: worker.id,
    name: worker.name ?? worker.endpoint,
    endpoint: worker.endpoint,
    capacity: worker.capacity,
    active: worker.active,
    models: worker.models,
    status: worker.status,
    heardAt: time(worker.last_heartbeat),
    drainAsked: worker.drain_requested_at !== null,
  })),
});

const toWorker = (worker: Wire["Worker"]): Worker => ({
  id: worker.id,
  name: worker.name,
  kind: worker.kind,
  node: worker.node,
  status: worker.status,
  isLost: worker.lost,
  slots: worker.slots,
  inHand: worker.in_hand,
  engines: worker.engines.map((engine) => engine.engine_id),
  models: worker.models,
  tasks: worker.tasks_in_hand.map(({ task_id: id, job_id: jobId, key, tenant }) => ({ id, jobId, key, tenant })),
  sessions: worker.sessions_in_hand.map(({ session_id: id, tenant, model }) => ({ id, tenant, model })),
  drift: worker.drift,
  heardAt: time(worker.last_heartbeat_at),
  drainAsked: worker.drain_requested_at !== null,
  drainDeadlineAt: maybeTime(worker.drain_deadline_at),
  emptyInSeconds: worker.empty_in_seconds,
});

export const toFleet = ({ workers, nodes }: Wire["Fleet"]): Fleet => ({
  workers: workers.map(toWorker),
  nodes: nodes.map((node) => ({ name: node.name, drainAsked: node.drain_requested_at !== null })),
});

const toHolder = (holder: Wire["Holder"]): Holder => ({
  kind: holder.kind,
  pid: holder.pid,
  usedMb: holder.used_mb,
  tenant: holder.tenant,
  jobId: holder.job_id,
  taskId: holder.task_id,
  name: holder.key ?? holder.engine_id ?? holder.worker,
});

const toCard = (card: Wire["Card"]): Card => ({
  uuid: card.uuid,
  index: card.index,
  name: card.name,
  isPart: card.mig_parent !== null,
  status: card.status,
  reason: card.reason,
  totalMb: card.total_mb,
  usedMb: card.used_mb,
  utilization: card.utilization,
  temperature: card.temperature,
  powerW: card.power_w,
  sampledAt: maybeTime(card.sampled_at),
  holders: card.holders.map(toHolder),
});

export const toCardNode = (node: Wire["GpuNode"]): CardNode => ({
  name: node.node,
  status: node.status,
  reason: node.detail || node.reason,
  simulated: node.driver === "simulated",
  sampledAt: maybeTime(node.sampled_at),
  cards: node.cards.map(toCard),
});

export const toCardMinute = (card: Wire["Autopsy"]): CardMinute => ({
  uuid: card.uuid,
  name: card.name,
  totalMb: card.total_mb,
  samples: card.samples.map((sample) => ({
    at: time(sample.at),
    usedMb: sample.used_mb,
    reason: sample.reason,
    holders: sample.holders.map((holder) => toHolder({ ...holder, key: null, worker_id: null })),
  })),
});

export const toHistory = ({ total_mb: totalMb, samples }: Wire["History"]): CardHistory => ({
  totalMb,
  samples: samples.map((row) => ({
    at: time(row.at),
    usedMb: row.used_mb,
    utilization: row.utilization,
  })),
});

export const getRealtime = async ({ tenant, signal }: Scope): Promise<Realtime> => {
  const params = { query: scoped(tenant) };
  return toRealtime(await bodyOf(client.GET("/api/console/realtime/status", { params, signal })));
};

export const PAGE_SIZE = 50;

export const getSessions = async (
  status: Session["status"][],
  offset: number,
  { tenant, signal }: Scope,
): Promise<SessionPage> => {
  const query = {
    ...scoped(tenant),
    status: status.length > 0 ? status : undefined,
    offset: offset || undefined,
    limit: PAGE_SIZE,
  };
  const page = await bodyOf(client.GET("/api/console/realtime/sessions", { params: { query }, signal }));
  return { sessions: page.results.map(toSession), hasNext: page.next !== null };
};

const sessionParams = (id: string, tenant: string | null) => ({
  path: { session_id: id },
  query: scoped(tenant),
});

export const getSession = async (id: string, { tenant, signal }: Scope): Promise<SessionDetail> => {
  const params = sessionParams(id, tenant);
  const answer = client.GET("/api/console/realtime/sessions/{session_id}", { params, signal });
  return toSessionDetail(await bodyOf(answer));
};

export const endSession = (id: string, { tenant }: Scope): Promise<unknown> =>
  client.DELETE("/api/console/realtime/sessions/{session_id}", { params: sessionParams(id, tenant) });

export const getFleet = async ({ tenant, signal }: Scope): Promise<Fleet> =>
  toFleet(await bodyOf(client.GET("/api/console/workers", { params: { query: scoped(tenant) }, signal })));

export type DrainVerb = "drain" | "resume";

/** A deadline, in seconds, ends what a realtime worker has left by then. */
export function turnWorker(id: string, verb: DrainVerb, deadline: number | null = null): Promise<unknown> {
  const params = { path: { worker_id: id } };
  return verb === "drain"
    ? client.POST("/api/console/workers/{worker_id}/drain", { params, body: { deadline_seconds: deadline } })
    : client.POST("/api/console/workers/{worker_id}/resume", { params });
}

export function turnNode(name: string, verb: DrainVerb): Promise<unknown> {
  const params = { path: { name } };
  return verb === "drain"
    ? client.POST("/api/console/nodes/{name}/drain", { params })
    : client.POST("/api/console/nodes/{name}/resume", { params });
}

export const getCards = async ({ tenant, signal }: Scope): Promise<CardNode[]> => {
  const params = { query: scoped(tenant) };
  return (await bodyOf(client.GET("/api/console/gpus", { params, signal }))).nodes.map(toCardNode);
};

/** Since so many milliseconds ago, in the finest steps that reach back so far. */
export const getHistory = async (uuid: string, spanMs: number, signal?: AbortSignal): Promise<CardHistory> => {
  const params = { path: { uuid }, query: { since: new Date(Date.now() - spanMs).toISOString() } };
  return toHistory(await bodyOf(client.GET("/api/console/gpus/{uuid}/samples", { params, signal })));
};
