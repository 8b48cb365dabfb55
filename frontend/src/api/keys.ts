/** Query keys. Each carries the tenant: the same path answers differently with `?tenant=`. */
import type { AttemptRef, JobFilters } from "@/api/endpoints";

type TenantSlug = string | null;

export const keys = {
  me: () => ["me"] as const,
  tenants: () => ["tenants"] as const,
  pipelines: (tenant: TenantSlug) => ["pipelines", tenant] as const,
  dashboard: (tenant: TenantSlug) => ["dashboard", tenant] as const,
  engines: (tenant: TenantSlug) => ["engines", tenant] as const,
  jobs: (tenant: TenantSlug, filters: JobFilters) => ["jobs", tenant, filters] as const,
  jobsOf: (tenant: TenantSlug) => ["jobs", tenant] as const,
  allJobs: () => ["jobs"] as const,
  job: (tenant: TenantSlug, id: string) => ["job", tenant, id] as const,
  tasks: (tenant: TenantSlug, id: string) => ["job", tenant, id, "tasks"] as const,
  task: (tenant: TenantSlug, id: string, taskId: string) =>
    ["job", tenant, id, "task", taskId] as const,
  openTasks: (tenant: TenantSlug, id: string) => ["job", tenant, id, "task"] as const,
  why: (tenant: TenantSlug, id: string, taskId: string, moment: string) =>
    ["job", tenant, id, "task", taskId, "why", moment] as const,
  jobLogs: (tenant: TenantSlug, id: string) => ["job", tenant, id, "logs"] as const,
  taskLogs: (tenant: TenantSlug, { jobId, taskId, attempt }: AttemptRef) =>
    ["job", tenant, jobId, "task", taskId, "logs", attempt] as const,
  events: (tenant: TenantSlug, id: string) => ["job", tenant, id, "events"] as const,
};
