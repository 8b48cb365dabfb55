import { describe, expect, it } from "vitest";
import { toEvent, toJob, toJobLogPage, toJobPage, toTask, toTaskLogPage } from "@/api/map";
import { wireJob, wireTask } from "@/test/cast";

describe("times", () => {
  it("become epoch milliseconds, missing ones null", () => {
    const job = toJob(wireJob({ created_at: "2026-11-22T12:00:00.123456Z", completed_at: null }));
    expect(job.createdAt).toBe(Date.UTC(2026, 10, 22, 12, 0, 0, 123));
    expect(job.completedAt).toBeNull();
  });

  it("of a task that has not started are null", () => {
    expect(toTask(wireTask({ started_at: null, ready_at: null }))).toMatchObject({ startedAt: null, readyAt: null });
  });
});

it("takes a task over field by field", () => {
  const task = toTask(wireTask({ engine_id: "whisper", max_retries: 5, error_code: "oom", required: false }));
  expect(task).toMatchObject({ engineId: "whisper", maxRetries: 5, errorCode: "oom", required: false });
});

it("keeps an unknown count apart from zero", () => {
  const page = { count: null, count_capped: false, next: null, previous: null, results: [] };
  expect(toJobPage(page)).toEqual({ count: null, countCapped: false, hasNext: false, jobs: [], newer: [] });
});

describe("log pages", () => {
  const line = { n: 1, at: "2026-11-22T12:00:00.000000Z", level: "info", text: "hello" };

  it("of a task continue by number, which may be 0", () => {
    expect(toTaskLogPage({ lines: [line], next: 0, previous: 1 })).toMatchObject({ next: "0", lines: [{ source: null }] });
  });

  it("tell a printed line from one that stands for dropped ones", () => {
    const page = toTaskLogPage({ lines: [line, { ...line, n: 9, dropped: 8 }], next: 9, previous: 1 });
    expect(page.lines.map(({ dropped }) => dropped)).toEqual([null, 8]);
  });

  it("of a job name each line's task", () => {
    const mixed = { ...line, task_id: "t1", key: "decode", attempt: 2 };
    expect(toJobLogPage({ lines: [mixed], next: "x", previous: "x" }).lines[0]?.source).toEqual({
      taskId: "t1",
      key: "decode",
      attempt: 2,
    });
  });
});

it("takes an event without job or tasks", () => {
  const event = { seq: 1, at: "2026-11-22T12:00:00Z", type: "job.submitted", actor: "system", changes: {} };
  expect(toEvent(event)).toMatchObject({ job: {}, tasks: [] });
});
