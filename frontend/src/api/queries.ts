/** What pages read: one hook per resource, with its way of staying fresh. */
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import * as endpoints from "@/api/endpoints";
import type { Dashboard, JobPage } from "@/api/domain";
import type { JobFilters } from "@/api/endpoints";
import { keys } from "@/api/keys";
import { useTenant } from "@/app/tenant";
import { recordDashboard } from "@/live/history";
import { overviewInterval } from "@/live/intervals";
import { keepNewer, newest } from "@/live/newer";
import { useStill, useTopic } from "@/live/useTopic";

const STATIC_MS = 60_000;

export const useMe = () =>
  useQuery({
    queryKey: keys.me(),
    queryFn: ({ signal }) => endpoints.getMe(signal),
    staleTime: STATIC_MS,
  });

export const useTenants = (enabled: boolean) =>
  useQuery({
    queryKey: keys.tenants(),
    queryFn: ({ signal }) => endpoints.getTenants(signal),
    staleTime: STATIC_MS,
    enabled,
  });

export function usePipelines(enabled = true) {
  const tenant = useTenant();
  return useQuery({
    queryKey: keys.pipelines(tenant),
    queryFn: ({ signal }) => endpoints.getPipelines({ tenant, signal }),
    staleTime: STATIC_MS,
    enabled,
  });
}

export function useDashboard() {
  const tenant = useTenant();
  const client = useQueryClient();
  const queryKey = keys.dashboard(tenant);
  const still = useStill("dashboard");
  useTopic("dashboard", { kind: "dashboard" });
  return useQuery({
    queryKey,
    queryFn: async ({ signal }) => {
      const dashboard = await endpoints.getDashboard({ tenant, signal });
      recordDashboard(tenant, dashboard);
      return newest(client.getQueryData<Dashboard>(queryKey), dashboard);
    },
    refetchInterval: overviewInterval(still),
  });
}

/** Asked again when the queue has changed. */
export function useEngines() {
  const tenant = useTenant();
  const queryKey = keys.engines(tenant);
  const still = useStill("queue");
  useTopic("queue", { kind: "bell", queryKey });
  return useQuery({
    queryKey,
    queryFn: ({ signal }) => endpoints.getEngines({ tenant, signal }),
    refetchInterval: overviewInterval(still),
  });
}

export function useJobs(filters: JobFilters) {
  const tenant = useTenant();
  const client = useQueryClient();
  const queryKey = keys.jobs(tenant, filters);
  const still = useStill("jobs");
  useTopic("jobs", { kind: "jobs" });
  return useQuery({
    queryKey,
    queryFn: async ({ signal }) => {
      const page = await endpoints.getJobs(filters, { tenant, signal });
      return keepNewer(client.getQueryData<JobPage>(queryKey), page);
    },
    placeholderData: keepPreviousData,
    refetchInterval: overviewInterval(still),
  });
}
