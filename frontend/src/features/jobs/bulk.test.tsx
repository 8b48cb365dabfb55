import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { filterOf } from "@/api/bulk";
import { filtersInWords, jobsInWords } from "@/features/jobs/bulkWords";
import { NO_FILTERS } from "@/features/jobs/filters";
import { shellAnswers, wireJob } from "@/test/cast";
import { renderAt } from "@/test/render";
import { json, queryOf, refusal, serve, type Answer } from "@/test/server";

const BULK = "/api/console/jobs/bulk";
/** Newest first, as the list has them. */
const IDS = ["j3", "j2", "j1"];

const wireBulk = (changes: Record<string, unknown> = {}) => ({
  id: "b1",
  action: "retry",
  actor: "user:ada",
  created_at: "2026-11-22T12:00:00.000000Z",
  completed_at: null,
  total: 2,
  done: 1,
  succeeded: 0,
  failed: 1,
  pending: 1,
  items: [
    { job_id: "j1", result: "refused", detail: "A job that is completed cannot be retried." },
    { job_id: "j2", result: null, detail: null },
  ],
  next: null,
  ...changes,
});

function serveJobs(more: Record<string, Answer> = {}) {
  const results = IDS.map((id, i) => wireJob({ id, name: `job ${i + 1}` }));
  const page = { count: 120, count_capped: false, next: "/more", previous: null, results };
  return serve({
    ...shellAnswers,
    "GET /api/console/jobs": () => json(page),
    [`POST ${BULK}`]: () => json({ id: "b1", total: 2 }, 202),
    [`GET ${BULK}/b1`]: () => json(wireBulk()),
    ...more,
  });
}

const box = (name: RegExp | string) => screen.findByRole("checkbox", { name });
const posted = async (asked: Request[]): Promise<unknown> =>
  asked.find(({ method }) => method === "POST")?.clone().json();

it("offers what can be done to the chosen jobs, and nothing before", async () => {
  serveJobs();
  renderAt("/jobs");
  const first = await box(/^Select job 1/);
  expect(screen.queryByRole("toolbar")).toBeNull();
  await userEvent.click(first);
  const bar = await screen.findByRole("toolbar", { name: "Chosen jobs" });
  expect(bar.textContent).toContain("1 selected");
  await userEvent.click(within(bar).getByRole("button", { name: "Clear the selection" }));
  await waitFor(() => expect(screen.queryByRole("toolbar")).toBeNull());
});

it("chooses a range with shift", async () => {
  serveJobs();
  renderAt("/jobs");
  const user = userEvent.setup();
  await user.click(await box(/^Select job 1/));
  await user.keyboard("{Shift>}");
  await user.click(await box(/^Select job 3/));
  await screen.findByText("3 selected");
});

it("names the number before anything happens, and sends the ids", async () => {
  const asked = serveJobs();
  renderAt("/jobs?tenant=acme");
  await userEvent.click(await box(/^Select job 1/));
  await userEvent.click(await box(/^Select job 2/));
  await userEvent.click(await screen.findByRole("button", { name: "Retry" }));
  const dialog = await screen.findByRole("dialog", { name: "Retry 2 jobs?" });
  expect(within(dialog).getByText("acme")).toBeTruthy();
  expect(await posted(asked)).toBeUndefined();
  await userEvent.click(within(dialog).getByRole("button", { name: "Retry 2 jobs" }));
  await screen.findByRole("region", { name: "Bulk action" });
  expect(await posted(asked)).toEqual({ action: "retry", ids: ["j3", "j2"] });
});

it("sends the filter when all that match are chosen, and says it in words", async () => {
  const asked = serveJobs();
  const router = renderAt("/jobs?status=failed&q=job&tenant=acme");
  await userEvent.click(await box("Select all on this page"));
  await userEvent.click(await screen.findByRole("button", { name: "Select all 120 that match" }));
  await userEvent.click(screen.getByRole("button", { name: "Delete" }));
  const dialog = await screen.findByRole("dialog", { name: "Delete all 120 matching jobs?" });
  expect(dialog.textContent).toContain("Filter: status failed, name or id begins with “job”.");
  await userEvent.click(within(dialog).getByRole("button", { name: "Delete all 120 matching jobs" }));
  await waitFor(() => expect(router.state.location.search).toContain("bulk=b1"));
  expect(await posted(asked)).toEqual({ action: "delete", filter: { status: ["failed"], q: "job" } });
  const post = asked.find(({ method }) => method === "POST");
  expect(post && queryOf(post).get("tenant")).toBe("acme");
});

it("keeps the dialog open with the server's reason when it is refused", async () => {
  serveJobs({ [`POST ${BULK}`]: () => refusal(400, "too_many", "It finds more than 10,000 jobs.") });
  renderAt("/jobs");
  await userEvent.click(await box(/^Select job 1/));
  await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));
  await userEvent.click(await screen.findByRole("button", { name: "Cancel 1 job" }));
  expect((await screen.findByRole("alert")).textContent).toBe("It finds more than 10,000 jobs.");
});

it("forgets what was chosen when the filter changes", async () => {
  serveJobs();
  renderAt("/jobs");
  await userEvent.click(await box(/^Select job 1/));
  await screen.findByRole("toolbar");
  await userEvent.click(screen.getByRole("button", { name: "Failed" }));
  await waitFor(() => expect(screen.queryByRole("toolbar")).toBeNull());
});

it("chooses the row under the cursor on x", async () => {
  serveJobs();
  renderAt("/jobs");
  await box(/^Select job 1/);
  await userEvent.keyboard("jjx");
  await screen.findByText("1 selected");
  expect((await box(/^Select job 2/)).matches(":checked")).toBe(true);
});

it("shows how each job fared, with the reason", async () => {
  serveJobs();
  renderAt("/jobs?bulk=b1");
  const panel = await screen.findByRole("region", { name: "Bulk action" });
  await within(panel).findByText("A job that is completed cannot be retried.");
  expect(within(panel).getByRole("progressbar").getAttribute("aria-valuenow")).toBe("1");
  expect(panel.textContent).toContain("1 / 2 · by user:ada");
});

it("narrows the jobs to those that were not done", async () => {
  const asked = serveJobs();
  renderAt("/jobs?bulk=b1");
  await userEvent.click(await screen.findByRole("button", { name: /^Not done/ }));
  await waitFor(() =>
    expect(asked.some((request) => request.url.includes("/bulk/b1") && queryOf(request).get("result") === "failed")).toBe(true),
  );
});

it("says when it is over, and closes", async () => {
  const over = wireBulk({ completed_at: "2026-11-22T12:01:00Z", done: 2, succeeded: 1, pending: 0 });
  serveJobs({ [`GET ${BULK}/b1`]: () => json(over) });
  const router = renderAt("/jobs?bulk=b1");
  await screen.findByText("1 of 2 jobs retried");
  await userEvent.click(screen.getByRole("button", { name: "Close the bulk action" }));
  expect(router.state.location.search).toBe("");
});

it("says so where the action of the link is not there", async () => {
  serveJobs({ [`GET ${BULK}/b1`]: () => refusal(404, "not_found", "Not found.") });
  renderAt("/jobs?bulk=b1");
  await screen.findByText("There is no such bulk action.");
});

it("puts jobs and filters into words", () => {
  expect(jobsInWords({ ids: ["a"] }, 9, false)).toBe("1 job");
  expect(jobsInWords({ filters: NO_FILTERS }, null, false)).toBe("all matching jobs (at most 10,000)");
  expect(jobsInWords({ filters: NO_FILTERS }, 1204, false)).toBe("all 1,204 matching jobs");
  expect(filtersInWords(NO_FILTERS)).toBe("none, so every job in sight");
});

it("sends no empty filter and no place in the list", () => {
  expect(filterOf({ ...NO_FILTERS, offset: 50 })).toEqual({});
  expect(filterOf({ ...NO_FILTERS, label: "team:a" })).toEqual({ label: ["team:a"] });
});
