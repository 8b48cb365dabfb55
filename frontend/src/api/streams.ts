/** Logs and events: read once from the start, then only what came after. */
import { useQuery, useQueryClient, type QueryKey } from "@tanstack/react-query";
import type { JobDetail, JobEvent, LogLine, LogPage } from "@/api/domain";
import { getEvents, getJobLogs, getTaskLogs, type AttemptRef, type Scope } from "@/api/endpoints";
import { keys } from "@/api/keys";
import { useTenant } from "@/app/tenant";
import { ACTIVE, streamInterval } from "@/live/intervals";

/** Pages asked for in one go; the rest follows with the next tick. */
const PAGES_MAX = 40;
const ITEMS_MAX = 50_000;

export interface Stream<T> {
  items: T[];
  /** Cursor of the last item, null before the first. */
  after: string | null;
  /** Oldest items let go of, for the browser's sake. */
  dropped: number;
  /** Asked for after the job had ended: no more will come. */
  final: boolean;
}

export interface Page<T> {
  items: T[];
  after: string | null;
}

export const emptyStream = <T>(): Stream<T> => ({ items: [], after: null, dropped: 0, final: false });

/** Reads on from where `stream` ends, page by page until one is empty. */
export async function readOn<T>(
  stream: Stream<T>,
  read: (after: string | null) => Promise<Page<T>>,
  final: boolean,
): Promise<Stream<T>> {
  let after = stream.after;
  const fresh: T[] = [];
  let ended = false;
  for (let page = 0; page < PAGES_MAX && !ended; page++) {
    const { items, after: next } = await read(after);
    ended = items.length === 0 || next === after;
    fresh.push(...items);
    after = next ?? after;
  }
  const items = [...stream.items, ...fresh];
  const excess = Math.max(0, items.length - ITEMS_MAX);
  return {
    items: excess > 0 ? items.slice(excess) : items,
    after,
    dropped: stream.dropped + excess,
    final: final && ended,
  };
}

interface StreamOptions<T> {
  jobId: string;
  queryKey: QueryKey;
  read: (after: string | null, scope: Scope) => Promise<Page<T>>;
}

function useStream<T>({ jobId, queryKey, read }: StreamOptions<T>) {
  const tenant = useTenant();
  const client = useQueryClient();
  const job = () => client.getQueryData<JobDetail>(keys.job(tenant, jobId));
  return useQuery({
    queryKey,
    queryFn: ({ signal }) => {
      const status = job()?.status;
      const ended = status !== undefined && !ACTIVE.has(status);
      const stream = client.getQueryData<Stream<T>>(queryKey) ?? emptyStream<T>();
      return readOn(stream, (after) => read(after, { tenant, signal }), ended);
    },
    refetchInterval: (query) => streamInterval(job()?.status, query.state.data),
    // Tens of thousands of lines are not compared one by one.
    structuralSharing: false,
  });
}

const toPage = ({ lines, next }: LogPage): Page<LogLine> => ({ items: lines, after: next });

/** The log of all tasks of a job, in time. */
export function useJobLogs(jobId: string) {
  const tenant = useTenant();
  return useStream<LogLine>({
    jobId,
    queryKey: keys.jobLogs(tenant, jobId),
    read: async (after, scope) => toPage(await getJobLogs(jobId, after, scope)),
  });
}

export function useTaskLogs(ref: AttemptRef) {
  const tenant = useTenant();
  return useStream<LogLine>({
    jobId: ref.jobId,
    queryKey: keys.taskLogs(tenant, ref),
    read: async (after, scope) => toPage(await getTaskLogs(ref, after, scope)),
  });
}

export function useEvents(jobId: string) {
  const tenant = useTenant();
  return useStream<JobEvent>({
    jobId,
    queryKey: keys.events(tenant, jobId),
    read: async (after, scope) => {
      const events = await getEvents(jobId, after === null ? null : Number(after), scope);
      return { items: events, after: events.at(-1)?.seq.toString() ?? after };
    },
  });
}
