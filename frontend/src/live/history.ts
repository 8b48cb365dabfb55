/** The dashboard's last ten minutes as this page saw them, for its sparklines. */
import type { Dashboard } from "@/api/domain";

const SAMPLES_MAX = 120;

export interface Sample {
  oldestWaitMs: number;
  activeJobs: number;
  queueDepth: number;
  sessions: number;
}

const histories = new Map<string | null, Sample[]>();

export function recordDashboard(tenant: string | null, dashboard: Dashboard): void {
  const sample: Sample = {
    oldestWaitMs: dashboard.oldestWaitMs ?? 0,
    activeJobs: dashboard.activeJobs,
    queueDepth: dashboard.queueDepth,
    sessions: dashboard.realtime?.active ?? 0,
  };
  histories.set(tenant, [...(histories.get(tenant) ?? []), sample].slice(-SAMPLES_MAX));
}

export const dashboardHistory = (tenant: string | null): Sample[] => histories.get(tenant) ?? [];
