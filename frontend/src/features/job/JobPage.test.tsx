import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { shellAnswers, wireJob, wireTask } from "@/test/cast";
import { renderAt } from "@/test/render";
import { json, queryOf, refusal, serve, type Answer } from "@/test/server";

const JOB = "/api/console/jobs/j1";

function serveJob(
  job: Parameters<typeof wireJob>[0],
  tasks: unknown[] = [wireTask()],
  more: Record<string, Answer> = {},
) {
  const detail = wireJob({ id: "j1", ...job });
  return serve({
    ...shellAnswers,
    [`GET ${JOB}`]: () => json(detail),
    [`GET ${JOB}/tasks`]: () => json({ job_id: "j1", seq: detail.seq, tasks }),
    [`GET ${JOB}/logs`]: () => json({ lines: [], next: null }),
    ...more,
  });
}

const failedProgress = { ...wireJob().progress, running: 0, pending: 0, failed: 1, skipped: 1 };
const broken = wireTask({
  id: "t2",
  key: "transcribe",
  status: "failed",
  error: "CUDA out of memory",
  error_code: "oom",
  attempt: 3,
});

it("says what a cancel will do, and for which tenant, before it does it", async () => {
  const asked = serveJob({}, [wireTask()], {
    [`POST ${JOB}/cancel`]: () => json(wireJob({ id: "j1", status: "cancelling" }), 202),
  });
  renderAt("/jobs/j1?tenant=acme");
  await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));
  const dialog = await screen.findByRole("dialog", { name: "Cancel nightly?" });
  expect(dialog.textContent).toContain("1 running task will be stopped and 1 waiting task will not start");
  expect(within(dialog).getByText("acme")).toBeTruthy();
  expect(asked.some(({ method }) => method === "POST")).toBe(false);
  await userEvent.click(within(dialog).getByRole("button", { name: "Cancel the job" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  const cancel = asked.find(({ method }) => method === "POST");
  expect(cancel && queryOf(cancel).get("tenant")).toBe("acme");
});

it("keeps the cancel dialog open with the server's reason when it is refused", async () => {
  serveJob({}, [wireTask()], {
    [`POST ${JOB}/cancel`]: () => refusal(409, "invalid_transition", "The job has ended."),
  });
  renderAt("/jobs/j1");
  await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));
  await userEvent.click(await screen.findByRole("button", { name: "Cancel the job" }));
  expect((await screen.findByRole("alert")).textContent).toBe("The job has ended.");
  expect(screen.getByRole("dialog")).toBeTruthy();
});

it("opens the cancel dialog, and no more, on c", async () => {
  const asked = serveJob({});
  renderAt("/jobs/j1");
  await screen.findByRole("button", { name: "Cancel" });
  await userEvent.keyboard("c");
  await screen.findByRole("dialog", { name: "Cancel nightly?" });
  expect(asked.some(({ method }) => method === "POST")).toBe(false);
});

it("offers no cancel on a job that has ended, and no retry on one that runs", async () => {
  serveJob({ status: "completed", completed_at: "2026-11-22T12:00:09Z" });
  renderAt("/jobs/j1");
  await screen.findByRole("button", { name: "Run again" });
  expect(screen.queryByRole("button", { name: "Cancel" })).toBeNull();
  expect(screen.queryByRole("button", { name: "Retry" })).toBeNull();
});

it("shows the failure first: the task, its code and error, and what it took down", async () => {
  serveJob({ status: "failed", progress: failedProgress }, [wireTask(), broken]);
  renderAt("/jobs/j1");
  const panel = await screen.findByRole("region", { name: "Failure" });
  expect(panel.textContent).toContain("1 task failed");
  expect(panel.textContent).toContain("1 task skipped because of it");
  expect(within(panel).getByText("oom")).toBeTruthy();
  expect(within(panel).getByText("CUDA out of memory")).toBeTruthy();
});

it("shows no failure panel on a job that goes on despite an optional failure", async () => {
  serveJob({}, [wireTask(), { ...broken, required: false }]);
  renderAt("/jobs/j1");
  await screen.findByRole("button", { name: "Graph" });
  expect(screen.queryByRole("region", { name: "Failure" })).toBeNull();
});

it("says that a completed job had an optional failure", async () => {
  serveJob({ status: "completed", progress: { ...failedProgress, skipped: 0 } });
  renderAt("/jobs/j1");
  await screen.findByText("1 optional failed");
});

it.each([true, false])("marks a job of a built-in pipeline as a demo, and no other: %s", async (demo) => {
  serveJob({ demo });
  renderAt("/jobs/j1");
  await screen.findByRole("heading", { name: "nightly" });
  expect(screen.queryAllByText("demo")).toHaveLength(demo ? 1 : 0);
});

it("opens a job of one task on its log, and one of more on its graph", async () => {
  serveJob({ progress: { ...wireJob().progress, total: 1 } });
  renderAt("/jobs/j1");
  const logs = await screen.findByRole("button", { name: "Logs" });
  expect(logs.getAttribute("aria-current")).toBe("page");
});

it("puts the tab into the URL", async () => {
  serveJob({}, [wireTask(), broken]);
  const router = renderAt("/jobs/j1?tenant=acme");
  await userEvent.click(await screen.findByRole("button", { name: "List" }));
  expect(router.state.location.search).toBe("?tenant=acme&tab=list");
});

it("opens the task of the URL in the drawer and closes it on Escape", async () => {
  serveJob({}, [wireTask(), broken], {
    [`GET ${JOB}/tasks/t2`]: () =>
      json({ ...broken, config: {}, inputs: {}, inputs_too_large: false, output: null, files: [], attempts: [] }),
  });
  const router = renderAt("/jobs/j1?task=t2");
  const drawer = await screen.findByRole("complementary", { name: "Task transcribe" });
  await within(drawer).findByText("CUDA out of memory");
  await userEvent.keyboard("{Escape}");
  expect(router.state.location.search).toBe("");
});

it("says not found, with a way back, for a job that is not there", async () => {
  serve(shellAnswers);
  renderAt("/jobs/gone?tenant=acme");
  await screen.findByText("There is no such job");
  expect(screen.getByRole("link", { name: "Back to the jobs" }).getAttribute("href")).toBe("/console/jobs?tenant=acme");
});

it("says how long the job was on cards, where it was on any", async () => {
  serveJob({ gpu_seconds: 12.34 });
  renderAt("/jobs/j1");
  expect(await screen.findByText("12.3 GPU-s")).toBeTruthy();
});
