/** Logs and events: read once from the start, then only what came after. */
import { useQuery, useQueryClient, type QueryKey } from "@tanstack/react-query";
import type { JobDetail, JobEvent, LogLine, LogPage, Task } from "@/api/domain";
import { getEvents, getJobLogs, getTaskLogs, type AttemptRef, type Scope } from "@/api/endpoints";
import { keys } from "@/api/keys";
import { useTenant } from "@/app/tenant";
import { ACTIVE, streamInterval } from "@/live/intervals";
import { emptyStream, readOn, withAdded, type Page, type Stream } from "@/live/stream";
import { topicOf } from "@/live/topics";
import { useStill, useTopic, useTopics } from "@/live/useTopic";

interface StreamOptions<T> {
  jobId: string;
  queryKey: QueryKey;
  /** Nothing has to be asked for: the socket brings it. */
  still: boolean;
  read: (after: string | null, scope: Scope) => Promise<Page<T>>;
  /** The number of an item, where the socket may have added some while a page was on its way. */
  numberOf?: (item: T) => number;
}

function useStream<T>({ jobId, queryKey, still, read, numberOf }: StreamOptions<T>) {
  const tenant = useTenant();
  const client = useQueryClient();
  const job = () => client.getQueryData<JobDetail>(keys.job(tenant, jobId));
  return useQuery({
    queryKey,
    queryFn: async ({ signal }) => {
      const status = job()?.status;
      const ended = status !== undefined && !ACTIVE.has(status);
      const held = () => client.getQueryData<Stream<T>>(queryKey);
      const done = await readOn(held() ?? emptyStream<T>(), (after) => read(after, { tenant, signal }), ended);
      return numberOf ? withAdded(done, held(), numberOf) : done;
    },
    refetchInterval: (query) => streamInterval(still, job()?.status, query.state.data),
    // Tens of thousands of lines are not compared one by one.
    structuralSharing: false,
  });
}

const toPage = ({ lines, next }: LogPage): Page<LogLine> => ({ items: lines, after: next });

/** More at once are polled: each costs a topic. */
const FOLLOWED_MAX = 20;

/** The log of all tasks of a job, in time: asked for again when one of those that run has printed. */
export function useJobLogs(jobId: string, tasks: Task[]) {
  const tenant = useTenant();
  const running = tasks.filter(({ status }) => status === "running");
  const live = useStill(topicOf.job(jobId));
  const read = useTopics(
    running.slice(0, FOLLOWED_MAX).map(({ id, attempt }) => ({
      topic: topicOf.log(id),
      use: { kind: "jobLog", jobId, taskId: id, attempt },
    })),
  );
  useTopic(topicOf.job(jobId), { kind: "bell", queryKey: keys.jobLogs(tenant, jobId) });
  return useStream<LogLine>({
    jobId,
    still: live && read && running.length <= FOLLOWED_MAX,
    queryKey: keys.jobLogs(tenant, jobId),
    read: async (after, scope) => toPage(await getJobLogs(jobId, after, scope)),
  });
}

/** `current`: it is the task's newest attempt, the only one that grows. */
export function useTaskLogs(ref: AttemptRef, current: boolean) {
  const tenant = useTenant();
  const topic = current ? topicOf.log(ref.taskId) : topicOf.job(ref.jobId);
  const stream = useStream<LogLine>({
    jobId: ref.jobId,
    still: useStill(topic),
    queryKey: keys.taskLogs(tenant, ref),
    read: async (after, scope) => toPage(await getTaskLogs(ref, after, scope)),
    numberOf: ({ n }) => n,
  });
  useTopic(current && stream.data ? topic : null, { kind: "log", ref });
  return stream;
}

export function useEvents(jobId: string) {
  const tenant = useTenant();
  return useStream<JobEvent>({
    jobId,
    still: useStill(topicOf.job(jobId)),
    queryKey: keys.events(tenant, jobId),
    read: async (after, scope) => {
      const events = await getEvents(jobId, after === null ? null : Number(after), scope);
      return { items: events, after: events.at(-1)?.seq.toString() ?? after };
    },
    numberOf: ({ seq }) => seq,
  });
}
