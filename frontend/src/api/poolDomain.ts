/** Sessions, workers and cards as the page works with them: times as epoch milliseconds. */
import type { components } from "@/api/schema";

type Wire = components["schemas"];

export interface Session {
  id: string;
  tenant: string;
  model: string;
  status: Wire["SessionStatus"];
  worker: string;
  createdAt: number;
  startedAt: number | null;
  expiresAt: number;
  endedAt: number | null;
  endReason: string | null;
  durationMs: number | null;
}

export interface SessionDetail extends Session {
  endpoint: string;
  metadata: unknown;
  connectBy: number;
  /** null to a tenant. */
  placement: { candidates: Candidate[]; milliseconds: number } | null;
}

export interface Candidate {
  workerId: string;
  worker: string;
  active: number;
  capacity: number;
  verdict: string;
}

export interface SessionPage {
  sessions: Session[];
  hasNext: boolean;
}

/** `free` and what follows are for staff; `fullInMinutes` is null where it does not fill. */
export interface ModelLoad {
  model: string;
  capacity: number;
  active: number;
  free: number | null;
  fullInMinutes: number | null;
  wants: number | null;
  has: number | null;
}

export interface RealtimeWorker {
  id: string;
  /** Its endpoint, to a tenant. */
  name: string;
  endpoint: string;
  capacity: number;
  active: number;
  models: string[];
  status: string;
  heardAt: number;
  /** Itself, not its machine. */
  drainAsked: boolean;
}

export interface Realtime {
  workers: RealtimeWorker[];
  capacity: number;
  active: number;
  models: ModelLoad[];
}

export interface Worker {
  id: string;
  name: string;
  kind: Wire["WorkerKindEnum"];
  node: string;
  status: Wire["WorkerStatus"];
  /** It fell silent, and has neither left in order nor come back. */
  isLost: boolean;
  slots: number | null;
  inHand: number;
  engines: string[];
  models: string[];
  tasks: { id: string; jobId: string; key: string; tenant: string }[];
  sessions: { id: string; tenant: string; model: string }[];
  drift: boolean;
  heardAt: number;
  drainAsked: boolean;
  drainDeadlineAt: number | null;
  emptyInSeconds: number | null;
}

export interface Fleet {
  workers: Worker[];
  nodes: { name: string; drainAsked: boolean }[];
}

export interface Holder {
  kind: Wire["HolderKind"] | null;
  pid: number;
  usedMb: number | null;
  tenant: string | null;
  jobId: string | null;
  taskId: string | null;
  /** The task's key, the engine's or the worker's name: whichever tells most. */
  name: string | null;
}

export interface Card {
  uuid: string;
  index: number;
  name: string;
  isPart: boolean;
  status: Wire["CardStatusEnum"];
  reason: string | null;
  totalMb: number | null;
  usedMb: number | null;
  utilization: number | null;
  temperature: number | null;
  powerW: number | null;
  sampledAt: number | null;
  holders: Holder[];
}

export interface CardNode {
  name: string;
  status: Wire["GpuNodeStatusEnum"];
  reason: string | null;
  simulated: boolean;
  sampledAt: number | null;
  cards: Card[];
}

/** Of all cards; of a tenant's tasks, whose `totalMb` is null. `unknown`: there are cards that cannot be read. */
export interface GpuFigures {
  status: "ok" | "unknown" | "none";
  usedMb: number | null;
  totalMb: number | null;
  simulated: boolean;
  sampledAt: number | null;
}

/** The minute on a card before an attempt ran out of memory. */
export interface CardMinute {
  uuid: string | null;
  name: string | null;
  totalMb: number | null;
  samples: { at: number; usedMb: number | null; reason: string | null; holders: Holder[] }[];
}

/** What could not be read is null, and stays a gap. */
export interface CardHistory {
  totalMb: number | null;
  samples: { at: number; usedMb: number | null; utilization: number | null }[];
}
