/** The dashboard's last ten minutes as this page saw them, for its sparklines. */
import type { Dashboard } from "@/api/domain";

const SAMPLES_MAX = 120;
const STEP_MS = 5000;

export interface Sample {
  oldestWaitMs: number;
  activeJobs: number;
  queueDepth: number;
  sessions: number;
}

interface History {
  samples: Sample[];
  /** Number of the step that the last sample stands for. */
  step: number;
}

const histories = new Map<string | null, History>();

/** One sample a step: the newest counts, and where nothing was told nothing had changed. */
export function recordDashboard(tenant: string | null, dashboard: Dashboard, now = Date.now()): void {
  const sample: Sample = {
    oldestWaitMs: dashboard.oldestWaitMs ?? 0,
    activeJobs: dashboard.activeJobs,
    queueDepth: dashboard.queueDepth,
    sessions: dashboard.realtime?.active ?? 0,
  };
  const step = Math.floor(now / STEP_MS);
  const former = histories.get(tenant) ?? { samples: [], step: step - 1 };
  const last = former.samples.at(-1) ?? sample;
  const steps = Math.max(0, step - former.step);
  const kept = steps === 0 ? former.samples.slice(0, -1) : former.samples;
  const between = Array.from({ length: Math.min(Math.max(0, steps - 1), SAMPLES_MAX) }, () => last);
  histories.set(tenant, { samples: [...kept, ...between, sample].slice(-SAMPLES_MAX), step });
}

export const dashboardHistory = (tenant: string | null): Sample[] => histories.get(tenant)?.samples ?? [];
