import { describe, expect, it } from "vitest";
import { JOB_STATUSES } from "@/api/domain";
import { jobInterval, overviewInterval, streamInterval, taskInterval, tasksInterval } from "@/live/intervals";

const running = { status: "running", attempt: 1 } as const;
const ended = { status: "completed", attempt: 1 } as const;

describe("while the topic is not live", () => {
  it("asks for overviews every 5 s", () => {
    expect(overviewInterval(false)).toBe(5000);
  });

  it("asks for a job every 2 s while it is active, cancelling included", () => {
    const asked = JOB_STATUSES.filter((status) => jobInterval(false, status) === 2000);
    expect(asked).toEqual(["pending", "running", "cancelling"]);
    expect(jobInterval(false, "completed")).toBe(false);
  });

  it("asks for tasks until they are as new as the ended job", () => {
    const job = { status: "completed", seq: 9 } as const;
    expect(tasksInterval(false, job, { seq: 8 })).toBe(2000);
    expect(tasksInterval(false, job, { seq: 9 })).toBe(false);
    expect(tasksInterval(false, { ...job, status: "running" }, { seq: 9 })).toBe(2000);
  });

  it("asks for the open task until it says what the list says", () => {
    expect(taskInterval(false, "completed", ended, running)).toBe(2000);
    expect(taskInterval(false, "completed", ended, ended)).toBe(false);
    expect(taskInterval(false, "running", running, running)).toBe(2000);
  });

  it("follows a stream past the job's end once, and again after a retry", () => {
    expect(streamInterval(false, "completed", { final: false })).toBe(2000);
    expect(streamInterval(false, "completed", { final: true })).toBe(false);
    expect(streamInterval(false, "running", { final: true })).toBe(2000);
  });
});

it("asks now and then how far a cancel has got, which no event tells", () => {
  expect(jobInterval(true, "cancelling")).toBe(10_000);
});

it("asks for nothing while the topic is live or the view is frozen", () => {
  const all = [
    overviewInterval(true),
    jobInterval(true, "running"),
    tasksInterval(true, { status: "running", seq: 2 }, { seq: 1 }),
    taskInterval(true, "running", ended, running),
    streamInterval(true, "running", undefined),
  ];
  expect(new Set(all)).toEqual(new Set([false]));
});
