/** Hands what the socket brings to the cache, and says how live the page is. */
import { notifyManager, type QueryClient } from "@tanstack/react-query";
import { keys } from "@/api/keys";
import type { LogLine } from "@/api/domain";
import type { components } from "@/api/schema";
import { Bells } from "@/live/bells";
import { CacheWriter } from "@/live/cacheWriter";
import { connection } from "@/live/connection";
import type { Frame, JobsPatch, LogPatch, TopicFrame } from "@/live/frames";
import { oncePerFrame } from "@/live/schedule";
import { FORBIDDEN, LiveSocket } from "@/live/socket";
import type { Stream } from "@/live/stream";
import { Subscriptions } from "@/live/subscriptions";
import { topics, type Use, type Want } from "@/live/topics";

const BEHIND_MS = 2000;
const BELL_MS = 1000;
const JOB_LOG_MS = 500;
/** A list read while its subscription was on the way may lack what changed in between. */
const SUBSCRIBED_MS = 300;

const JOB = "job:";
const jobIdOf = (topic: string): string => topic.slice(JOB.length);

const wantsOf = (topic: string): Want[] => [...topics.wanted()].filter((want) => want.topic === topic);

export class Follower {
  private readonly client: QueryClient;
  private readonly bells: Bells;
  private readonly writer: CacheWriter;
  private readonly socket = new LiveSocket({
    onFrame: (frame) => this.onFrame(frame),
    onClosed: (code) => this.onClosed(code),
  });
  private readonly subscriptions = new Subscriptions({
    send: (request) => this.socket.send(request),
    afterOf: (want) => this.afterOf(want),
    onSubscribed: (want) => this.onSubscribed(want),
    onLeft: (topic) => this.leave(topic),
  });
  private readonly renewedOnThaw = new Set<string>();
  private readonly askedAgain = new Set<string>();
  private readonly flushSoon = oncePerFrame(() => this.flush());
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();
  private stopListening: (() => void) | undefined;
  private epoch: string | null = null;
  private frozen = connection.isFrozen();

  constructor(client: QueryClient) {
    this.client = client;
    this.bells = new Bells(client);
    this.writer = new CacheWriter(client, this.bells, (jobId) => void this.renew(JOB + jobId));
  }

  start(): void {
    topics.setCatchUp(this.writer.catchUp);
    this.stopListening = connection.subscribe(() => this.onConnection());
    this.subscriptions.start();
    this.socket.start();
  }

  stop(): void {
    this.stopListening?.();
    for (const timer of this.timers) clearTimeout(timer);
    topics.setCatchUp(null);
    this.socket.stop();
    this.bells.stop();
    this.subscriptions.stop();
    connection.socketClosed();
  }

  private later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, ms);
    this.timers.add(timer);
  }

  private onClosed(code: number): void {
    this.subscriptions.closed();
    this.askedAgain.clear();
    connection.socketClosed(code === FORBIDDEN);
    // Says whether the server answers at all, and leads to the login where the session has ended.
    void this.client.invalidateQueries({ queryKey: keys.me() });
  }

  private onFrame(frame: Frame): void {
    connection.heard();
    switch (frame.type) {
      case "hello":
        this.onHello(frame.epoch);
        break;
      case "beat":
        this.socket.send({ op: "ack", beat: frame.beat });
        this.compareHeads(frame.heads);
        break;
      case "error":
        if (frame.topic !== undefined && this.subscriptions.has(frame.topic)) this.subscriptions.bar(frame.topic);
        break;
      default:
        if (this.subscriptions.has(frame.topic)) this.onTopic(frame);
    }
  }

  private onHello(epoch: string): void {
    const other = this.epoch !== null && this.epoch !== epoch;
    this.epoch = epoch;
    connection.socketOpened();
    this.subscriptions.opened();
    if (other) void this.client.invalidateQueries();
    else for (const want of topics.wanted()) this.ring(want);
  }

  /** A job whose newest event does not come within a while has lost its way to us. */
  private compareHeads(heads: Record<string, number>): void {
    for (const [topic, head] of Object.entries(heads)) {
      const behind = () =>
        topic.startsWith(JOB) && this.subscriptions.has(topic) && head > (this.writer.head(jobIdOf(topic)) ?? head);
      if (!behind()) continue;
      this.later(BEHIND_MS, () => {
        if (behind()) this.socket.restart();
      });
    }
  }

  private onTopic(frame: TopicFrame): void {
    const { topic } = frame;
    if (frame.type === "reset") {
      void this.renew(topic);
      return;
    }
    const wants = wantsOf(topic);
    const tenant = this.subscriptions.tenantOf(topic);
    if (frame.type === "progress") this.writer.progress(jobIdOf(topic), frame.tasks);
    else if (frame.type === "patch") for (const { use } of wants) this.patch(use, tenant, frame.data);
    else if (frame.type === "events") this.events(topic, frame.events);
    for (const want of wants) this.ring(want);
    this.flushSoon();
  }

  /** What was on its way when we asked again does not follow either: that is no reason to ask once more. */
  private events(topic: string, events: components["schemas"]["Event"][]): void {
    const follows = this.writer.events(jobIdOf(topic), events);
    if (follows) this.askedAgain.delete(topic);
    else if (!this.askedAgain.has(topic)) {
      this.askedAgain.add(topic);
      this.subscriptions.again(topic);
    }
  }

  private patch(use: Use, tenant: string | null, data: unknown): void {
    if (use.kind === "dashboard") this.writer.dashboard(tenant, data as components["schemas"]["Dashboard"]);
    if (use.kind === "jobs") this.writer.jobRows(tenant, data as JobsPatch);
    if (use.kind === "log") this.writer.lines(tenant, use.ref, data as LogPatch);
  }

  private ring({ use, tenant }: Want): void {
    if (use.kind === "bell") this.bells.ring(use.queryKey, BELL_MS);
    if (use.kind === "jobLog") this.bells.ring(keys.jobLogs(tenant, use.jobId), JOB_LOG_MS);
  }

  private flush(): void {
    if (!connection.isFrozen()) notifyManager.batch(() => this.writer.flush());
  }

  private onConnection(): void {
    const thawed = this.frozen && !connection.isFrozen();
    this.frozen = connection.isFrozen();
    if (!thawed) return;
    this.flushSoon();
    for (const topic of this.renewedOnThaw) void this.renew(topic);
    this.renewedOnThaw.clear();
  }

  private leave(topic: string): void {
    if (topic.startsWith(JOB)) this.writer.leave(jobIdOf(topic));
  }

  /** What was told is not enough: read anew, then follow again. */
  private async renew(topic: string): Promise<void> {
    this.subscriptions.bar(topic);
    this.askedAgain.delete(topic);
    this.leave(topic);
    if (connection.isFrozen()) {
      this.renewedOnThaw.add(topic);
      return;
    }
    const read = wantsOf(topic).flatMap((want) => this.keysOf(want));
    await Promise.all(read.map((queryKey) => this.client.invalidateQueries({ queryKey, exact: true })));
    this.subscriptions.unbar(topic);
  }

  private keysOf({ use, tenant }: Want): (readonly unknown[])[] {
    switch (use.kind) {
      case "dashboard":
        return [keys.dashboard(tenant)];
      case "jobs":
        return this.client.getQueryCache().findAll({ queryKey: keys.jobsOf(tenant) }).map(({ queryKey }) => queryKey);
      case "job":
        return [keys.job(tenant, use.jobId), keys.tasks(tenant, use.jobId), keys.events(tenant, use.jobId)];
      case "log":
        return [keys.taskLogs(tenant, use.ref)];
      case "jobLog":
        return [keys.jobLogs(tenant, use.jobId)];
      case "bell":
        return [use.queryKey];
    }
  }

  private onSubscribed({ topic, tenant }: Want): void {
    if (topic === "jobs") this.later(SUBSCRIBED_MS, () => this.bells.ringAll(keys.jobsOf(tenant), 0));
  }

  private afterOf({ topic, tenant }: Want): number | null | undefined {
    const uses = wantsOf(topic).map(({ use }) => use);
    if (topic.startsWith(JOB)) {
      const job = uses.find((use) => use.kind === "job");
      return job ? this.writer.follow(tenant, job.jobId) : null;
    }
    const ends = uses.flatMap((use) => this.lastLine(use, tenant));
    return ends.length > 0 ? Math.min(...ends) : undefined;
  }

  private lastLine(use: Use, tenant: string | null): number[] {
    const held = (queryKey: readonly unknown[]) => this.client.getQueryData<Stream<LogLine>>(queryKey);
    if (use.kind === "log") return [Number(held(keys.taskLogs(tenant, use.ref))?.after ?? 0)];
    if (use.kind !== "jobLog") return [];
    const mine = ({ source }: LogLine) => source?.taskId === use.taskId && source.attempt === use.attempt;
    return [held(keys.jobLogs(tenant, use.jobId))?.items.findLast(mine)?.n ?? 0];
  }
}
