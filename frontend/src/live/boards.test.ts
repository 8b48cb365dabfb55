import { describe, expect, it } from "vitest";
import type { Job, JobPage, LogLine } from "@/api/domain";
import { toJob } from "@/api/map";
import { NO_FILTERS } from "@/features/jobs/filters";
import { appendLines, patchPage } from "@/live/boards";
import { keepNewer, newest } from "@/live/newer";
import { emptyStream, withAdded } from "@/live/stream";
import { wireJob } from "@/test/cast";

const job = (id: string, changes: Partial<Job> = {}): Job => ({ ...toJob(wireJob({ id, seq: 5 })), ...changes });
const pageOf = (...jobs: Job[]): JobPage => ({ count: 2, countCapped: false, hasNext: false, jobs, newer: [] });
const patch = (changed: Job[], filters = {}, removed: string[] = [], page = pageOf(job("j3"), job("j1"))) =>
  patchPage(page, { changed, removed }, { filters: { ...NO_FILTERS, ...filters }, tenant: "acme" });

describe("patchPage", () => {
  it("changes rows in place", () => {
    const { page } = patch([job("j1", { status: "failed", seq: 6 })]);
    expect(page.jobs.map(({ id, status }) => `${id} ${status}`)).toEqual(["j3 running", "j1 failed"]);
  });

  it("never takes a row backwards", () => {
    expect(patch([job("j1", { status: "pending", seq: 4 })]).page.jobs[1]?.status).toBe("running");
  });

  it("counts new jobs once and leaves the rows where they are", () => {
    const { page } = patch([job("j4")]);
    const again = patch([job("j4"), job("j5")], {}, [], page);
    expect(again.page.newer).toEqual(["j4", "j5"]);
    expect(again.page.jobs).toHaveLength(2);
    expect(again.stale).toBe(false);
  });

  it("counts no older job that is on another page", () => {
    expect(patch([job("j2")]).page.newer).toEqual([]);
  });

  it.each([
    [{ q: "other" }, 0],
    [{ q: "Night" }, 1],
    [{ pipeline: "vision" }, 0],
    [{ label: "team:a:b" }, 1],
    [{ offset: 50 }, 0],
  ])("counts only what the list %j would hold", (filters, count) => {
    expect(patch([job("j4", { labels: { team: "a:b" } })], filters).page.newer).toHaveLength(count);
  });

  it("counts no job of another tenant", () => {
    expect(patch([job("j4", { tenant: "globex" })]).page.newer).toEqual([]);
  });

  it("is stale where only the server knows whether a job belongs there", () => {
    expect(patch([job("j2", { status: "failed" })], { status: ["failed"] }).stale).toBe(true);
    expect(patch([job("j2")], { status: ["failed"] }).stale).toBe(false);
    expect(patch([job("j4")], { engine: "whisper" }).stale).toBe(true);
  });

  it("is stale where the first job comes to an empty list", () => {
    expect(patch([job("j4")], {}, [], pageOf()).stale).toBe(true);
  });

  it("takes out what is gone, new ones too", () => {
    const { page } = patch([job("j4")]);
    const after = patch([], {}, ["j3", "j4"], page).page;
    expect([after.jobs.map(({ id }) => id), after.newer]).toEqual([["j1"], []]);
  });
});

it("keeps rows that are newer than the answer that was on its way", () => {
  const held = pageOf(job("j3", { status: "completed", seq: 9 }));
  const fetched = pageOf(job("j4"), job("j3"));
  expect(keepNewer(held, fetched).jobs.map(({ status }) => status)).toEqual(["running", "completed"]);
});

it("keeps the newer of two boards, and takes one as new as what is held", () => {
  const [old, fresh] = [{ seq: 1 }, { seq: 2 }];
  expect(newest(fresh, old)).toBe(fresh);
  expect(newest(old, fresh)).toBe(fresh);
  expect(newest({ seq: 2 }, fresh)).toBe(fresh);
});

describe("a log", () => {
  const line = (n: number): LogLine => ({ n, at: 0, level: "info", text: `${n}`, dropped: null, source: null });
  const numbers = (items: LogLine[]) => items.map(({ n }) => n);
  const held = appendLines(emptyStream<LogLine>(), [line(1), line(2)]);

  it("takes each line once", () => {
    const next = appendLines(held, [line(2), line(3)]);
    expect([numbers(next.items), next.after]).toEqual([[1, 2, 3], "3"]);
  });

  it("is the same where no line is new", () => {
    expect(appendLines(held, [line(1)])).toBe(held);
  });

  it("keeps lines that came while a page was on its way", () => {
    const read = { ...emptyStream<LogLine>(), items: [line(1)], after: "1" };
    expect(numbers(withAdded(read, held, ({ n }) => n).items)).toEqual([1, 2]);
    expect(withAdded(held, read, ({ n }) => n)).toBe(held);
  });
});
