/** What the page of a job reads: the job and its tasks. */
import { useQuery } from "@tanstack/react-query";
import * as endpoints from "@/api/endpoints";
import { keys } from "@/api/keys";
import { useTenant } from "@/app/tenant";
import { jobInterval, tasksInterval } from "@/live/intervals";
import { topicOf, topics } from "@/live/topics";
import { useStill } from "@/live/useTopic";

export function useJob(id: string) {
  const tenant = useTenant();
  const still = useStill(topicOf.job(id));
  return useQuery({
    queryKey: keys.job(tenant, id),
    queryFn: async ({ signal }) =>
      topics.catchUp().job(tenant, await endpoints.getJob(id, { tenant, signal })),
    refetchInterval: (query) => jobInterval(still, query.state.data?.status),
  });
}

export function useTasks(id: string) {
  const tenant = useTenant();
  const job = useJob(id).data;
  const still = useStill(topicOf.job(id));
  return useQuery({
    queryKey: keys.tasks(tenant, id),
    queryFn: async ({ signal }) =>
      topics.catchUp().tasks(tenant, id, await endpoints.getTasks(id, { tenant, signal })),
    refetchInterval: (query) => tasksInterval(still, job, query.state.data),
    enabled: job !== undefined,
  });
}
