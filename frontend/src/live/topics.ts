/** What this page wants to hear of, and which of it the socket brings. Knows no socket: that one is loaded later. */
import type { AttemptRef } from "@/api/endpoints";
import type { JobDetail, JobTasks } from "@/api/domain";

/** What is done with what a topic brings. `bell`: it only says that this query is worth asking again;
 * `jobLog`: likewise for the log of the whole job, of which the topic brings a part.
 */
export type Use =
  | { kind: "dashboard" }
  | { kind: "jobs" }
  | { kind: "job"; jobId: string }
  | { kind: "log"; ref: AttemptRef }
  | { kind: "jobLog"; jobId: string; taskId: string; attempt: number }
  | { kind: "bell"; queryKey: readonly unknown[] };

export interface Want {
  topic: string;
  tenant: string | null;
  use: Use;
}

/** Brings what was fetched up to what the socket has told since. */
interface CatchUp {
  job: (tenant: string | null, job: JobDetail) => JobDetail;
  tasks: (tenant: string | null, jobId: string, tasks: JobTasks) => JobTasks;
}

export const topicOf = {
  job: (id: string): string => `job:${id}`,
  log: (taskId: string): string => `log:${taskId}`,
};

const AS_FETCHED: CatchUp = { job: (_, job) => job, tasks: (_, __, tasks) => tasks };

const wants = new Set<Want>();
const wantListeners = new Set<() => void>();
const liveListeners = new Set<() => void>();
let live: ReadonlySet<string> = new Set();
let catchUp = AS_FETCHED;

const tell = (listeners: Set<() => void>): void => {
  for (const listener of listeners) listener();
};

const listen = (listeners: Set<() => void>) => (listener: () => void) => {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
};

export const topics = {
  want(want: Want): () => void {
    wants.add(want);
    tell(wantListeners);
    return () => {
      wants.delete(want);
      tell(wantListeners);
    };
  },
  wanted: (): ReadonlySet<Want> => wants,
  onWants: listen(wantListeners),
  isLive: (topic: string): boolean => live.has(topic),
  setLive(next: ReadonlySet<string>): void {
    if (next.size === live.size && [...next].every((topic) => live.has(topic))) return;
    live = next;
    tell(liveListeners);
  },
  onLive: listen(liveListeners),
  catchUp: (): CatchUp => catchUp,
  setCatchUp(next: CatchUp | null): void {
    catchUp = next ?? AS_FETCHED;
  },
};
