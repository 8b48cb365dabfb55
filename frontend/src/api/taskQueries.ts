/** The task that is open in the drawer. */
import { useQuery } from "@tanstack/react-query";
import * as endpoints from "@/api/endpoints";
import type { Job, Task } from "@/api/domain";
import { keys } from "@/api/keys";
import { useTenant } from "@/app/tenant";
import { taskInterval } from "@/live/intervals";
import { topicOf } from "@/live/topics";
import { useStill } from "@/live/useTopic";

/** `listed`: what the list of tasks says of it. */
export function useTask({ id: jobId, status }: Job, taskId: string, listed: Task | undefined) {
  const tenant = useTenant();
  const still = useStill(topicOf.job(jobId));
  return useQuery({
    queryKey: keys.task(tenant, jobId, taskId),
    queryFn: ({ signal }) => endpoints.getTask(jobId, taskId, { tenant, signal }),
    refetchInterval: (query) => taskInterval(still, status, listed, query.state.data),
  });
}
