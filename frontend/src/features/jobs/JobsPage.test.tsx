import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { shellAnswers, wireJob } from "@/test/cast";
import { renderAt } from "@/test/render";
import { json, queryOf, serve } from "@/test/server";

const page = (...results: unknown[]) =>
  json({ count: results.length, count_capped: false, next: null, previous: null, results });

const serveJobs = (...jobs: unknown[]) =>
  serve({ ...shellAnswers, "GET /api/console/jobs": () => page(...jobs) });

const lastJobsQuery = (asked: Request[]) => {
  const found = asked.filter(({ url }) => new URL(url).pathname === "/api/console/jobs").at(-1);
  if (!found) throw new Error("The jobs were not asked for.");
  return queryOf(found);
};

it("asks for what the URL says", async () => {
  const asked = serveJobs(wireJob());
  renderAt("/jobs?status=failed&status=running&q=night&tenant=acme");
  await screen.findByRole("link", { name: "nightly" });
  const query = lastJobsQuery(asked);
  expect(query.getAll("status")).toEqual(["failed", "running"]);
  expect([query.get("q"), query.get("tenant")]).toEqual(["night", "acme"]);
});

it("sends no empty filter", async () => {
  const asked = serveJobs(wireJob());
  renderAt("/jobs");
  await screen.findByRole("link", { name: "nightly" });
  expect([...lastJobsQuery(asked).keys()]).toEqual(["limit"]);
});

it("puts a clicked status into the URL and starts at the first page", async () => {
  serveJobs(wireJob());
  const router = renderAt("/jobs?offset=50&tenant=acme");
  await userEvent.click(await screen.findByRole("button", { name: "Failed" }));
  expect(router.state.location.search).toBe("?tenant=acme&status=failed");
});

it("puts typed text into the URL once typing rests", async () => {
  const asked = serveJobs(wireJob());
  const router = renderAt("/jobs");
  await userEvent.type(await screen.findByRole("searchbox"), "night");
  await waitFor(() => expect(router.state.location.search).toBe("?q=night"));
  await waitFor(() => expect(lastJobsQuery(asked).get("q")).toBe("night"));
});

it("keeps the tenant on the link to a job", async () => {
  serveJobs(wireJob({ id: "j1" }));
  renderAt("/jobs?tenant=acme");
  const link = await screen.findByRole("link", { name: "nightly" });
  expect(link.getAttribute("href")).toBe("/console/jobs/j1?tenant=acme");
});

it("shows the commands that make the first job where there is none", async () => {
  serveJobs();
  renderAt("/jobs");
  await screen.findByText("No jobs yet");
  expect(screen.getByText(".venv/bin/python manage.py create_tenant acme")).toBeTruthy();
});

it("does not show them where a filter hides the jobs", async () => {
  serveJobs();
  renderAt("/jobs?q=nothing");
  await screen.findByText("No job matches");
  expect(screen.queryByText(".venv/bin/python manage.py create_tenant acme")).toBeNull();
});

it("says what failed with the request id, and loads on retry", async () => {
  let up = false;
  serve({
    ...shellAnswers,
    "GET /api/console/jobs": () =>
      up ? page(wireJob()) : json({ type: "server_error", errors: [{ code: "error", detail: "Down.", attr: null }] }, 500),
  });
  renderAt("/jobs");
  await screen.findByText("Loading the jobs failed");
  expect(screen.getByText("request req-1")).toBeTruthy();
  up = true;
  await userEvent.click(screen.getByRole("button", { name: "Retry" }));
  await screen.findByRole("link", { name: "nightly" });
});

it("marks the jobs of a built-in pipeline as demos", async () => {
  serveJobs(wireJob({ id: "j1", name: "first tour", demo: true }), wireJob({ id: "j2" }));
  renderAt("/jobs");
  const row = (await screen.findByRole("link", { name: "first tour" })).closest("tr");
  expect(screen.getAllByText("demo").map((tag) => tag.closest("tr"))).toEqual([row]);
});
