import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { shellAnswers } from "@/test/cast";
import { renderAt } from "@/test/render";
import { json, refusal, serve } from "@/test/server";

const expired = () => refusal(401, "not_authenticated", "Log in first.");
const emptyJobs = () => json({ count: 0, count_capped: false, next: null, previous: null, results: [] });

async function enter(password: string) {
  await userEvent.type(await screen.findByLabelText("Username"), "ada");
  await userEvent.type(screen.getByLabelText("Password"), password);
  await userEvent.click(screen.getByRole("button", { name: "Log in" }));
}

it("leads an expired session to the login, not to offline, and remembers the place", async () => {
  serve({ "GET /api/console/me": expired });
  const router = renderAt("/jobs?status=failed");
  await screen.findByRole("heading", { name: "Log in to Yardmaster" });
  expect(new URLSearchParams(router.state.location.search).get("next")).toBe("/console/jobs?status=failed");
});

it("does the same when the session ends while the page is open", async () => {
  serve({ ...shellAnswers, "GET /api/console/jobs": expired });
  renderAt("/jobs");
  await screen.findByRole("heading", { name: "Log in to Yardmaster" });
});

it("goes back to the place after the login", async () => {
  let inside = false;
  const asked = serve({
    ...shellAnswers,
    "GET /api/console/me": (request) => (inside ? (shellAnswers["GET /api/console/me"]?.(request) ?? expired()) : expired()),
    "GET /api/console/jobs": emptyJobs,
    "POST /console/login": () => {
      inside = true;
      return new Response(null, { status: 204 });
    },
  });
  const router = renderAt("/jobs?status=failed");
  await enter("secret");
  await waitFor(() => expect(router.state.location.pathname).toBe("/console/jobs"));
  expect(router.state.location.search).toBe("?status=failed");
  const sent = asked.find(({ url }) => url.endsWith("/console/login"));
  expect(await sent?.json()).toEqual({ username: "ada", password: "secret" });
});

it("sends the CSRF cookie's token with the login", async () => {
  document.cookie = "csrftoken=tok-1; path=/";
  const asked = serve({ "POST /console/login": () => refusal(400, "invalid", "Wrong.") });
  renderAt("/login");
  await enter("wrong");
  await screen.findByRole("alert");
  expect(asked.find(({ method }) => method === "POST")?.headers.get("X-CSRFToken")).toBe("tok-1");
});

it("shows why the login was refused", async () => {
  serve({ "POST /console/login": () => refusal(400, "invalid_login", "Please enter the correct username.") });
  renderAt("/login");
  await enter("wrong");
  expect((await screen.findByRole("alert")).textContent).toBe("Please enter the correct username.");
});

it("says how long a lockout lasts", async () => {
  const locked = () => {
    const answer = refusal(429, "throttled", "Locked.");
    answer.headers.set("Retry-After", "300");
    return answer;
  };
  serve({ "POST /console/login": locked });
  renderAt("/login");
  await enter("wrong");
  expect((await screen.findByRole("alert")).textContent).toBe("Too many attempts. Try again in 5 m.");
});
