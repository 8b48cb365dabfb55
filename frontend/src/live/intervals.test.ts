import { afterEach, describe, expect, it } from "vitest";
import { JOB_STATUSES } from "@/api/domain";
import { connection } from "@/live/connection";
import { jobInterval, overviewInterval, streamInterval, taskInterval, tasksInterval } from "@/live/intervals";

afterEach(() => {
  if (connection.isPaused()) connection.togglePause();
});

describe("while the socket is down", () => {
  it("asks for overviews every 5 s", () => {
    expect(overviewInterval()).toBe(5000);
  });

  it("asks for a job every 2 s while it is active, cancelling included", () => {
    const asked = JOB_STATUSES.filter((status) => jobInterval(status) === 2000);
    expect(asked).toEqual(["pending", "running", "cancelling"]);
    expect(jobInterval("completed")).toBe(false);
  });

  it("asks for tasks until they are as new as the ended job", () => {
    const job = { status: "completed", seq: 9 } as const;
    expect(tasksInterval(job, { seq: 8 })).toBe(2000);
    expect(tasksInterval(job, { seq: 9 })).toBe(false);
    expect(tasksInterval({ ...job, status: "running" }, { seq: 9 })).toBe(2000);
  });

  it("asks for the open task until it says what the list says", () => {
    const running = { status: "running", attempt: 1 } as const;
    const ended = { status: "completed", attempt: 1 } as const;
    expect(taskInterval("completed", ended, running)).toBe(2000);
    expect(taskInterval("completed", ended, ended)).toBe(false);
    expect(taskInterval("running", running, running)).toBe(2000);
  });

  it("follows a stream past the job's end once, and again after a retry", () => {
    expect(streamInterval("completed", { final: false })).toBe(2000);
    expect(streamInterval("completed", { final: true })).toBe(false);
    expect(streamInterval("running", { final: true })).toBe(2000);
  });
});

describe("while paused", () => {
  it("asks for nothing", () => {
    connection.togglePause();
    const all = [overviewInterval(), jobInterval("running"), streamInterval("running", undefined)];
    expect(all).toEqual([false, false, false]);
  });
});
