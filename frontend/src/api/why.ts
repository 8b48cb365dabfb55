/** Why a task is where it is. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import * as endpoints from "@/api/endpoints";
import type { Task } from "@/api/domain";
import { isStatus } from "@/api/errors";
import { keys } from "@/api/keys";
import { useTenant } from "@/app/tenant";
import { overviewInterval } from "@/live/intervals";
import { topicOf } from "@/live/topics";
import { useStill, useTopic } from "@/live/useTopic";

/** Asked anew when the task moves on. Null where the server cannot explain (yet). */
export function useWhy(jobId: string, { id, status, attempt }: Pick<Task, "id" | "status" | "attempt">) {
  const tenant = useTenant();
  const unsettled = status === "pending" || status === "ready" || status === "running";
  const queryKey = keys.why(tenant, jobId, id, `${status} ${attempt}`);
  // What runs waits for nobody in line: its own events tell what becomes of it.
  const waits = unsettled && status !== "running";
  const still = useStill(waits ? "queue" : topicOf.job(jobId));
  useTopic(waits ? "queue" : null, { kind: "bell", queryKey });
  return useQuery({
    queryKey,
    queryFn: ({ signal }) =>
      endpoints.getWhy(jobId, id, { tenant, signal }).catch((error: unknown) => {
        if (isStatus(error, 404)) return null;
        throw error;
      }),
    placeholderData: keepPreviousData,
    refetchInterval: (query) => (unsettled && query.state.data !== null ? overviewInterval(still) : false),
  });
}
