import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { shellAnswers, staff, wireJob, wireTask } from "@/test/cast";
import { renderAt } from "@/test/render";
import { json, refusal, serve, type Answer } from "@/test/server";

const JOB = "/api/console/jobs/j1";
const AT = "2026-11-22T12:00:05.000000Z";
const ended = { status: "completed", completed_at: AT } as const;
const receipt = {
  requested_at: AT,
  requested_by: "user:ada",
  signalled_at: AT,
  gone_at: null,
  freed_at: null,
  attempts: 2,
  unconfirmed: 1,
};

function serveJob(job: Parameters<typeof wireJob>[0], more: Record<string, Answer> = {}) {
  const detail = wireJob({ id: "j1", ...job });
  return serve({
    ...shellAnswers,
    [`GET ${JOB}`]: () => json(detail),
    [`GET ${JOB}/tasks`]: () => json({ job_id: "j1", seq: detail.seq, tasks: [wireTask()] }),
    "GET /api/console/jobs": () =>
      json({ count: 0, count_capped: false, next: null, previous: null, results: [] }),
    ...more,
  });
}

const sent = (asked: Request[], method: string) => asked.find((request) => request.method === method);

it("deletes a job that has ended, after asking, and leads back to the jobs", async () => {
  const asked = serveJob(ended, { [`DELETE ${JOB}`]: () => new Response(null, { status: 204 }) });
  const router = renderAt("/jobs/j1?tenant=acme");
  await userEvent.click(await screen.findByRole("button", { name: "Delete" }));
  const dialog = await screen.findByRole("dialog", { name: "Delete nightly?" });
  expect(sent(asked, "DELETE")).toBeUndefined();
  await userEvent.click(within(dialog).getByRole("button", { name: "Delete the job" }));
  await waitFor(() => expect(router.state.location.pathname).toBe("/console/jobs"));
  expect(router.state.location.search).toBe("?tenant=acme");
});

it("offers no delete on a job that runs", async () => {
  serveJob({});
  renderAt("/jobs/j1");
  await screen.findByRole("button", { name: "More actions" });
  expect(screen.queryByRole("button", { name: "Delete" })).toBeNull();
});

it.each([
  [false, "Raise before all tenants", "Raise the job", "raise"],
  [true, "Lower", "Lower the job", "lower"],
])("lets staff raise a job, and lower it again: raised %s", async (raised, item, confirm, verb) => {
  const asked = serveJob({ raised }, { [`POST ${JOB}/${verb}`]: () => json(wireJob({ id: "j1" })) });
  renderAt("/jobs/j1");
  await userEvent.click(await screen.findByRole("button", { name: "More actions" }));
  await userEvent.click(await screen.findByRole("menuitem", { name: item }));
  await userEvent.click(await screen.findByRole("button", { name: confirm }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(new URL(sent(asked, "POST")?.url ?? "").pathname).toBe(`${JOB}/${verb}`);
});

it("lets only staff raise", async () => {
  serveJob({}, { "GET /api/console/me": () => json({ ...staff, kind: "key", is_staff: false }) });
  renderAt("/jobs/j1");
  await screen.findByRole("button", { name: "Cancel" });
  expect(screen.queryByRole("button", { name: "More actions" })).toBeNull();
});

it("marks a raised job", async () => {
  serveJob({ raised: true });
  renderAt("/jobs/j1");
  await screen.findByText("raised");
});

it("shows the receipt of a cancel step by step, and what is not confirmed", async () => {
  serveJob({ status: "cancelling", cancel: receipt });
  renderAt("/jobs/j1");
  const panel = await screen.findByRole("region", { name: "Cancel" });
  const steps = within(panel).getAllByRole("listitem").map(({ textContent }) => textContent);
  expect(steps[0]).toContain("Requested by user:ada");
  expect(steps.map((step) => step.includes("not yet"))).toEqual([false, false, true, true]);
  expect(within(panel).getByRole("status").textContent).toBe("1 process not confirmed after 30 s");
});

it("forces what is not confirmed, after saying what that means", async () => {
  const asked = serveJob(
    { status: "cancelling", cancel: receipt },
    { [`POST ${JOB}/cancel`]: () => json(wireJob({ id: "j1", status: "cancelled" }), 202) },
  );
  renderAt("/jobs/j1");
  await userEvent.click(await screen.findByRole("button", { name: "Force" }));
  const dialog = await screen.findByRole("dialog", { name: "Give up on 1 process of nightly?" });
  await userEvent.click(within(dialog).getByRole("button", { name: "End the job without proof" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(await sent(asked, "POST")?.json()).toEqual({ force: true });
});

it("offers no force while there is hope", async () => {
  serveJob({ status: "cancelling", cancel: { ...receipt, unconfirmed: 0 } });
  renderAt("/jobs/j1");
  await screen.findByRole("region", { name: "Cancel" });
  expect(screen.queryByRole("button", { name: "Force" })).toBeNull();
});

it("says that nothing had to be stopped", async () => {
  serveJob({ ...ended, status: "cancelled", cancel: { ...receipt, attempts: 0, unconfirmed: 0, signalled_at: null } });
  renderAt("/jobs/j1");
  await screen.findByText(/nothing was running, so nothing had to be stopped/);
});

it("keeps the question open with the server's reason when it is refused", async () => {
  serveJob(ended, { [`DELETE ${JOB}`]: () => refusal(409, "invalid_transition", "It runs again.") });
  renderAt("/jobs/j1");
  await userEvent.click(await screen.findByRole("button", { name: "Delete" }));
  await userEvent.click(await screen.findByRole("button", { name: "Delete the job" }));
  expect((await screen.findByRole("alert")).textContent).toBe("It runs again.");
});
