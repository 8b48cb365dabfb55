/** Writes what the socket tells into the query cache, all of it at once when it is flushed. */
import type { QueryClient } from "@tanstack/react-query";
import type { Dashboard, JobDetail, JobEvent, JobPage, JobTasks, LogLine } from "@/api/domain";
import type { AttemptRef, JobFilters } from "@/api/endpoints";
import { keys } from "@/api/keys";
import { toDashboard, toEvent, toJob, toTaskLine } from "@/api/map";
import type { components } from "@/api/schema";
import type { Bells } from "@/live/bells";
import { appendLines, patchPage } from "@/live/boards";
import type { JobsPatch, LogPatch, TaskShare } from "@/live/frames";
import { recordDashboard } from "@/live/history";
import { newest } from "@/live/newer";
import { bringJob, bringTasks, reaches, receive, startFeed, withShares, type Feed } from "@/live/reducer";
import { extend, type Stream } from "@/live/stream";

type TenantSlug = string | null;
type WireEvent = components["schemas"]["Event"];

const LIST_MS = 1000;

interface Followed {
  tenant: TenantSlug;
  feed: Feed;
  shares: TaskShare[];
  touched: boolean;
}

export class CacheWriter {
  private readonly jobs = new Map<string, Followed>();
  private waiting: (() => void)[] = [];

  private readonly client: QueryClient;
  private readonly bells: Bells;
  private readonly onLost: (jobId: string) => void;

  /** `onLost`: what is held of a job is older than the events that are kept. */
  constructor(client: QueryClient, bells: Bells, onLost: (jobId: string) => void) {
    this.client = client;
    this.bells = bells;
    this.onLost = onLost;
  }

  /** From which event on a job has to be told; null while it is not read yet. */
  follow(tenant: TenantSlug, jobId: string): number | null {
    const followed = this.jobs.get(jobId);
    if (followed?.tenant === tenant) return followed.feed.head;
    const job = this.client.getQueryData<JobDetail>(keys.job(tenant, jobId));
    const tasks = this.client.getQueryData<JobTasks>(keys.tasks(tenant, jobId));
    if (!job || !tasks) return null;
    const feed = startFeed(Math.min(job.seq, tasks.seq));
    this.jobs.set(jobId, { tenant, feed, shares: [], touched: false });
    return feed.head;
  }

  leave(jobId: string): void {
    this.jobs.delete(jobId);
  }

  head(jobId: string): number | null {
    return this.jobs.get(jobId)?.feed.head ?? null;
  }

  /** False where events are missing before these. */
  events(jobId: string, events: WireEvent[]): boolean {
    const followed = this.jobs.get(jobId);
    if (!followed) return true;
    const { feed, gap } = receive(followed.feed, events.map(toEvent));
    followed.feed = feed;
    followed.touched = true;
    return !gap;
  }

  progress(jobId: string, shares: TaskShare[]): void {
    const followed = this.jobs.get(jobId);
    if (!followed) return;
    followed.shares.push(...shares);
    followed.touched = true;
  }

  dashboard(tenant: TenantSlug, wire: components["schemas"]["Dashboard"]): void {
    this.waiting.push(() => {
      const told = toDashboard(wire);
      recordDashboard(tenant, told);
      this.client.setQueryData<Dashboard>(keys.dashboard(tenant), (held) => newest(held, told));
    });
  }

  jobRows(tenant: TenantSlug, { changed, removed, more }: JobsPatch): void {
    this.waiting.push(() => {
      if (more) this.bells.ringAll(keys.jobsOf(tenant), LIST_MS);
      const rows = { changed: changed.map(toJob), removed };
      for (const { queryKey, state } of this.client.getQueryCache().findAll({ queryKey: keys.jobsOf(tenant) })) {
        const held = state.data as JobPage | undefined;
        if (!held) continue;
        const { page, stale } = patchPage(held, rows, { filters: queryKey[2] as JobFilters, tenant });
        this.client.setQueryData(queryKey, page);
        if (stale) this.bells.ring(queryKey, LIST_MS);
      }
    });
  }

  lines(tenant: TenantSlug, ref: AttemptRef, { attempt, lines }: LogPatch): void {
    if (attempt !== ref.attempt) return;
    this.waiting.push(() => {
      this.client.setQueryData<Stream<LogLine>>(keys.taskLogs(tenant, ref), (held) =>
        held && appendLines(held, lines.map(toTaskLine)),
      );
    });
  }

  flush(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const write of waiting) write();
    for (const [jobId, followed] of this.jobs) if (followed.touched) this.writeJob(jobId, followed);
  }

  /** What was fetched just now may be older than what has been told. */
  readonly catchUp = {
    job: (tenant: TenantSlug, job: JobDetail): JobDetail => {
      const feed = this.feedFor(tenant, job.id, job.seq);
      return feed ? bringJob(job, feed) : job;
    },
    tasks: (tenant: TenantSlug, jobId: string, tasks: JobTasks): JobTasks => {
      const feed = this.feedFor(tenant, jobId, tasks.seq);
      if (!feed) return tasks;
      const brought = bringTasks(tasks, feed);
      if (brought.incomplete) this.bells.ring(keys.tasks(tenant, jobId), 0);
      return brought.tasks;
    },
  };

  private feedFor(tenant: TenantSlug, jobId: string, seq: number): Feed | null {
    const followed = this.jobs.get(jobId);
    if (followed?.tenant !== tenant) return null;
    if (reaches(followed.feed, seq)) return followed.feed;
    this.onLost(jobId);
    return null;
  }

  private writeJob(jobId: string, followed: Followed): void {
    const { tenant, feed, shares } = followed;
    followed.touched = false;
    followed.shares = [];
    const job = this.client.getQueryData<JobDetail>(keys.job(tenant, jobId));
    const tasks = this.client.getQueryData<JobTasks>(keys.tasks(tenant, jobId));
    if ([job, tasks].some((held) => held && !reaches(feed, held.seq))) {
      this.onLost(jobId);
      return;
    }
    if (job) this.writeDetail(tenant, job, feed);
    if (tasks) this.writeTasks(tenant, jobId, tasks, feed, shares);
    this.writeEvents(tenant, jobId, feed);
  }

  /** Events do not tell results and receipts: those are asked for. */
  private writeDetail(tenant: TenantSlug, job: JobDetail, feed: Feed): void {
    const next = bringJob(job, feed);
    if (next === job) return;
    this.client.setQueryData(keys.job(tenant, job.id), next);
    const ended = next.completedAt !== null;
    if (ended || next.status === "cancelling") this.bells.ring(keys.job(tenant, job.id), 0);
    if (ended) this.bells.ring(keys.tasks(tenant, job.id), 0);
  }

  private writeTasks(
    tenant: TenantSlug,
    jobId: string,
    held: JobTasks,
    feed: Feed,
    shares: TaskShare[],
  ): void {
    const { tasks, incomplete } = bringTasks(held, feed);
    const next = shares.length > 0 ? withShares(tasks, shares) : tasks;
    if (next === held) return;
    this.client.setQueryData(keys.tasks(tenant, jobId), next);
    if (incomplete) this.bells.ring(keys.tasks(tenant, jobId), 0);
    const open = this.client.getQueryCache().findAll({ queryKey: keys.openTasks(tenant, jobId), type: "active" });
    for (const { queryKey } of open) {
      const seqIn = (all: JobTasks) => all.tasks.find(({ id }) => id === queryKey[4])?.seq;
      if (queryKey.length === 5 && seqIn(held) !== seqIn(next)) this.bells.ring(queryKey, 0);
    }
  }

  private writeEvents(tenant: TenantSlug, jobId: string, feed: Feed): void {
    const queryKey = keys.events(tenant, jobId);
    const held = this.client.getQueryData<Stream<JobEvent>>(queryKey);
    if (!held) return;
    const last = Number(held.after ?? 0);
    if (last >= feed.head) return;
    if (last < feed.base) this.bells.ring(queryKey, LIST_MS);
    else {
      const next = extend(held, feed.events.slice(last - feed.base), String(feed.head));
      this.client.setQueryData(queryKey, next);
    }
  }
}
