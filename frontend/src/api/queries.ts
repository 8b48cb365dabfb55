/** What pages read: one hook per resource, with its way of staying fresh. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import * as endpoints from "@/api/endpoints";
import type { Task } from "@/api/domain";
import type { JobFilters } from "@/api/endpoints";
import { isStatus } from "@/api/errors";
import { keys } from "@/api/keys";
import { useTenant } from "@/app/tenant";
import { recordDashboard } from "@/live/history";
import { jobInterval, overviewInterval, taskInterval, tasksInterval } from "@/live/intervals";

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
  return useQuery({
    queryKey: keys.dashboard(tenant),
    queryFn: async ({ signal }) => {
      const dashboard = await endpoints.getDashboard({ tenant, signal });
      recordDashboard(tenant, dashboard);
      return dashboard;
    },
    refetchInterval: overviewInterval,
  });
}

export function useEngines() {
  const tenant = useTenant();
  return useQuery({
    queryKey: keys.engines(tenant),
    queryFn: ({ signal }) => endpoints.getEngines({ tenant, signal }),
    refetchInterval: overviewInterval,
  });
}

export function useJobs(filters: JobFilters) {
  const tenant = useTenant();
  return useQuery({
    queryKey: keys.jobs(tenant, filters),
    queryFn: ({ signal }) => endpoints.getJobs(filters, { tenant, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: overviewInterval,
  });
}

export function useJob(id: string) {
  const tenant = useTenant();
  return useQuery({
    queryKey: keys.job(tenant, id),
    queryFn: ({ signal }) => endpoints.getJob(id, { tenant, signal }),
    refetchInterval: (query) => jobInterval(query.state.data?.status),
  });
}

export function useTasks(id: string) {
  const tenant = useTenant();
  const job = useJob(id).data;
  return useQuery({
    queryKey: keys.tasks(tenant, id),
    queryFn: ({ signal }) => endpoints.getTasks(id, { tenant, signal }),
    refetchInterval: (query) => tasksInterval(job, query.state.data),
    enabled: job !== undefined,
  });
}

export function useTask(jobId: string, taskId: string) {
  const tenant = useTenant();
  const job = useJob(jobId).data;
  const listed = useTasks(jobId).data?.tasks.find(({ id }) => id === taskId);
  return useQuery({
    queryKey: keys.task(tenant, jobId, taskId),
    queryFn: ({ signal }) => endpoints.getTask(jobId, taskId, { tenant, signal }),
    refetchInterval: (query) => taskInterval(job?.status, listed, query.state.data),
  });
}

/** Asked anew when the task moves on. Null where the server cannot explain (yet). */
export function useWhy(jobId: string, { id, status, attempt }: Pick<Task, "id" | "status" | "attempt">) {
  const tenant = useTenant();
  const unsettled = status === "pending" || status === "ready" || status === "running";
  return useQuery({
    queryKey: keys.why(tenant, jobId, id, `${status} ${attempt}`),
    queryFn: ({ signal }) =>
      endpoints.getWhy(jobId, id, { tenant, signal }).catch((error: unknown) => {
        if (isStatus(error, 404)) return null;
        throw error;
      }),
    placeholderData: keepPreviousData,
    refetchInterval: (query) => (unsettled && query.state.data !== null ? overviewInterval() : false),
  });
}
