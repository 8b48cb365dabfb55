import { describe, expect, it } from "vitest";
import type { JobTasks, Task } from "@/api/domain";
import { toEvent, toJobDetail } from "@/api/map";
import { bringJob, bringTasks, KEPT_MAX, reaches, receive, startFeed, withShares } from "@/live/reducer";
import { task, wireJob } from "@/test/cast";
import { AT, wireEvent } from "@/test/events";

const event = (...args: Parameters<typeof wireEvent>) => toEvent(wireEvent(...args));

const told = (from: number, ...changes: Parameters<typeof wireEvent>[1][]) =>
  receive(startFeed(from), changes.map((change, i) => event(from + i + 1, change))).feed;

const moved = (id: string, status: string, more = {}) => ({ tasks: [{ id, status, ...more }] });

const listOf = (seq: number, ...tasks: Partial<Task>[]): JobTasks => ({
  seq,
  tasks: tasks.map((changes, i) => task({ id: `t${i + 1}`, status: "pending", seq: 1, ...changes })),
});

const statuses = ({ tasks }: JobTasks) => tasks.map(({ status }) => status);

describe("receive", () => {
  it("takes events in order and drops those it has", () => {
    const first = receive(startFeed(3), [event(3), event(4), event(4), event(5)]);
    expect(first).toMatchObject({ gap: false, feed: { base: 3, head: 5 } });
    const again = receive(first.feed, [event(4), event(5), event(6)]);
    expect(again.feed.events.map(({ seq }) => seq)).toEqual([4, 5, 6]);
  });

  it("stops before a gap and says so", () => {
    const { feed, gap } = receive(startFeed(3), [event(4), event(6)]);
    expect([feed.head, gap]).toEqual([4, true]);
  });

  it("goes on after a gap from where it stopped", () => {
    const { feed } = receive(startFeed(3), [event(4), event(6)]);
    expect(receive(feed, [event(5), event(6)])).toMatchObject({ gap: false, feed: { head: 6 } });
  });

  it("is the same feed where nothing is new", () => {
    const feed = startFeed(3);
    expect(receive(feed, [event(2)]).feed).toBe(feed);
  });

  it("lets go of the oldest events, and then reaches no further back", () => {
    const many = Array.from({ length: KEPT_MAX + 5 }, (_, i) => event(i + 1));
    const { feed } = receive(startFeed(0), many);
    expect([feed.base, feed.events.length]).toEqual([5, KEPT_MAX]);
    expect([reaches(feed, 4), reaches(feed, 5)]).toEqual([false, true]);
  });
});

describe("bringJob", () => {
  const job = toJobDetail(wireJob({ seq: 7 }));

  it("applies what came after it was read, and nothing older", () => {
    const feed = told(5, { job: { status: "cancelling" } }, { job: { status: "failed" } }, { job: { error: "no" } });
    expect(bringJob(job, feed)).toMatchObject({ status: "running", error: "no", seq: 8 });
  });

  it("is the same job where nothing came", () => {
    expect(bringJob(job, startFeed(7))).toBe(job);
    expect(bringJob(job, told(5, {}))).toBe(job);
  });

  it("reads times, progress and being raised", () => {
    const progress = { ...job.progress, completed: 3, running: 0, pending: 0 };
    const changes = { status: "completed", completed_at: AT, raised_at: AT, progress };
    const next = bringJob(job, told(7, { job: changes }));
    expect(next).toMatchObject({ status: "completed", completedAt: Date.parse(AT), raised: true, progress });
    expect(next.durationMs).toBe(8000);
  });

  it("keeps what events do not tell", () => {
    expect(bringJob(job, told(7, { job: { status: "cancelling" } }))).toMatchObject({ name: "nightly", labels: {} });
  });
});

describe("bringTasks", () => {
  it("changes the rows that are named and keeps the others as they are", () => {
    const list = listOf(3, {}, {});
    const { tasks } = bringTasks(list, told(3, moved("t2", "ready", { ready_at: AT })));
    expect(tasks.tasks[0]).toBe(list.tasks[0]);
    expect(tasks.tasks[1]).toMatchObject({ status: "ready", readyAt: Date.parse(AT), seq: 4 });
    expect(tasks.seq).toBe(4);
  });

  it("never takes a row backwards: an event that it has seen does not touch it", () => {
    const list = listOf(3, { status: "completed", seq: 6 });
    const { tasks } = bringTasks(list, told(3, moved("t1", "ready"), moved("t1", "running")));
    expect(statuses(tasks)).toEqual(["completed"]);
  });

  it("lets a later event touch it again", () => {
    const list = listOf(3, { status: "completed", seq: 4 });
    const { tasks } = bringTasks(list, told(3, moved("t1", "running"), moved("t1", "pending")));
    expect(statuses(tasks)).toEqual(["pending"]);
  });

  it("applies events that came before the list was there", () => {
    const feed = told(2, moved("t1", "ready"), moved("t1", "running"));
    expect(statuses(bringTasks(listOf(3, { seq: 3, status: "ready" }), feed).tasks)).toEqual(["running"]);
  });

  it("gives the same from any point that was read in between", () => {
    const feed = told(1, moved("t1", "ready"), moved("t2", "ready"), moved("t1", "running"), moved("t1", "completed"));
    const from = (seq: number) => bringTasks(listOf(1, {}, {}), { ...feed, head: seq, events: feed.events.slice(0, seq - 1) });
    const ends = [1, 2, 3, 4, 5].map((seq) => statuses(bringTasks({ ...from(seq).tasks, seq }, feed).tasks));
    expect(new Set(ends.map(String))).toEqual(new Set(["completed,ready"]));
  });

  it.each([
    [{ status: ["pending", "ready"] }, ["skipped", "running", "skipped"]],
    [{ ids: ["t2", "t3"] }, ["pending", "skipped", "skipped"]],
    [{ mapped_from: ["t1"] }, ["pending", "running", "skipped"]],
    [{ dependencies: 0 }, ["skipped", "running", "ready"]],
  ])("changes the set %j", (where, after) => {
    const list = listOf(
      3,
      { dependencies: [] },
      { status: "running", dependencies: ["t1"] },
      { status: "ready", dependencies: ["t1"], mappedFrom: "t1" },
    );
    const { tasks } = bringTasks(list, told(3, { sets: [{ where, changes: { status: "skipped" } }] }));
    expect(statuses(tasks)).toEqual(after);
  });

  it("applies sets after the single tasks of the same event", () => {
    const changes = { ...moved("t1", "running"), sets: [{ where: { status: ["pending"] }, changes: { status: "cancelled" } }] };
    expect(statuses(bringTasks(listOf(3, {}, {}), told(3, changes)).tasks)).toEqual(["running", "cancelled"]);
  });

  it.each([
    ["a task it does not know", moved("t9", "ready", { key: "fan[0]" })],
    ["tasks that are gone", { sets: [{ where: { mapped_from: ["t1"] }, changes: {}, removed: true }] }],
    ["a set it cannot tell", { sets: [{ where: { colour: "red" }, changes: {} }] }],
  ])("says that the tasks have to be read anew after %s", (_, changes) => {
    expect(bringTasks(listOf(3, {}), told(3, changes)).incomplete).toBe(true);
  });

  it("counts wait and duration from the times", () => {
    const list = listOf(3, { readyAt: Date.parse(AT) - 5000, startedAt: null, completedAt: null });
    const started = moved("t1", "running", { started_at: "2026-11-22T12:00:08.000000Z", attempt: 2 });
    const row = bringTasks(list, told(3, started)).tasks.tasks[0];
    expect(row).toMatchObject({ waitMs: 4000, durationMs: 1000, attempt: 2 });
  });
});

it("shows the progress of tasks that run, and of no others", () => {
  const list = listOf(3, { status: "running" }, { status: "completed", progress: 1 });
  const { tasks } = withShares(list, [{ id: "t1", progress: 0.4 }, { id: "t2", progress: 0.9 }]);
  expect(tasks.map(({ progress }) => progress)).toEqual([0.4, 1]);
});
