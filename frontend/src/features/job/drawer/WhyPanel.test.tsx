import { screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import type { components } from "@/api/schema";
import { shellAnswers, wireJob, wireTask } from "@/test/cast";
import { renderAt } from "@/test/render";
import { json, serve } from "@/test/server";

type Wire = components["schemas"];

const JOB = "/api/console/jobs/j1";
const at = (second: number): string => `2026-11-22T12:00:${String(second).padStart(2, "0")}.000000Z`;

const waiting: Wire["Why"] = {
  status: "ready",
  reason: "in_line",
  detail: "2 tasks stand before it in line for ffmpeg.",
  since: at(2),
  blocking: [],
  position: 3,
  eta: "2126-11-22T12:00:00.000000Z",
  history: [
    { reason: "dependencies", from: at(0), to: at(2) },
    { reason: "no_worker", from: at(2), to: at(32) },
    { reason: "in_line", from: at(32), to: null },
  ],
};

function openTask(status: Wire["Task"]["status"], why: Wire["Why"] | null) {
  const task = wireTask({ status, completed_at: null, reason: "It was told to wait." });
  const detail: Wire["TaskDetail"] = {
    ...task,
    config: {},
    inputs: {},
    inputs_too_large: false,
    output: null,
    files: [],
    attempts: [],
    cancel: null,
  };
  const asked = serve({
    ...shellAnswers,
    [`GET ${JOB}`]: () => json(wireJob({ id: "j1" })),
    [`GET ${JOB}/tasks`]: () => json({ job_id: "j1", seq: 7, tasks: [task] }),
    [`GET ${JOB}/tasks/t1`]: () => json(detail),
    ...(why && { [`GET ${JOB}/tasks/t1/why`]: () => json(why) }),
  });
  renderAt("/jobs/j1?task=t1");
  return asked;
}

it("says in a sentence why a task waits, and when its turn is expected", async () => {
  openTask("ready", waiting);
  await screen.findByText("2 tasks stand before it in line for ffmpeg.");
  expect(screen.getByText(/^Expected to start/).textContent).toMatch(/in [\d]+ d/);
});

it("shows the way here as a bar with a legend and its times", async () => {
  openTask("ready", waiting);
  const way = await screen.findByRole("region", { name: "Its way here" });
  const bar = within(way).getByRole("img");
  expect(bar.getAttribute("aria-label")).toMatch(
    /^Waiting for other tasks 2.0 s, No worker 30 s, Waiting for its turn /,
  );
  const legend = within(way).getAllByRole("listitem").map(({ textContent }) => textContent);
  expect(legend.slice(0, 2)).toEqual(["Waiting for other tasks2.0 s", "No worker30 s"]);
  within(way).getByText("now");
});

it("leaves the sentence to the rest of the drawer once a task has ended", async () => {
  const history = [{ reason: "running", from: at(0), to: at(9) }];
  openTask("completed", { ...waiting, status: "completed", reason: "completed", history, eta: null });
  await screen.findByRole("region", { name: "Its way here" });
  expect(screen.queryByText(/stand before it/)).toBeNull();
});

it("tells of a silent worker although the task runs", async () => {
  const detail = "Worker w1 has been silent since 12:00:00 UTC.";
  openTask("running", { ...waiting, status: "running", reason: "silent_worker", detail });
  await screen.findByText(detail);
  screen.getByText(/^Lease expires/);
});

it("falls back on what the task knows where the server cannot explain", async () => {
  openTask("skipped", null);
  await screen.findByText("It was told to wait.");
  expect(screen.queryByRole("region", { name: "Its way here" })).toBeNull();
});
