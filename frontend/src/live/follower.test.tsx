import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it } from "vitest";
import { connection } from "@/live/connection";
import { shellAnswers, staff, wireJob, wireTask } from "@/test/cast";
import { wireEvent } from "@/test/events";
import { renderAt } from "@/test/render";
import { json, queryOf, refusal, serve, type Answer } from "@/test/server";
import { lastSocket, type FakeSocket } from "@/test/socket";

const JOB = "/api/console/jobs/j1";
const TOPIC = "job:j1";

function serveJob(more: Record<string, Answer> = {}) {
  return serve({
    ...shellAnswers,
    [`GET ${JOB}`]: () => json(wireJob({ id: "j1", seq: 7 })),
    [`GET ${JOB}/tasks`]: () => json({ job_id: "j1", seq: 6, tasks: [wireTask({ status: "running", seq: 6 })] }),
    [`GET ${JOB}/events`]: (request) =>
      json({ events: queryOf(request).has("after") ? [] : [wireEvent(6)], next: null }),
    ...more,
  });
}

/** The page of a job, its socket greeted and its topic asked for. */
async function openJob(search = ""): Promise<FakeSocket> {
  renderAt(`/jobs/j1?tab=events${search}`);
  await screen.findByRole("region", { name: "1 event" });
  await waitFor(() => expect(lastSocket()).toBeDefined());
  const socket = lastSocket() as FakeSocket;
  socket.greet();
  await waitFor(() => expect(socket.topics()).toContain(TOPIC));
  return socket;
}

const events = (seqs: number[], status: string) => ({
  type: "events" as const,
  topic: TOPIC,
  events: seqs.map((seq) => wireEvent(seq, { job: { status }, tasks: [{ id: "t1", status }] })),
});

const status = () => document.querySelector<HTMLElement>("h1 ~ [data-status]")?.dataset.status;
const shows = (expected: string) => waitFor(() => expect(status()).toBe(expected));
const pill = () => document.querySelector("[data-live]")?.textContent;
const askedFor = (asked: Request[], path: string) => asked.filter(({ url }) => new URL(url).pathname === path).length;

afterEach(() => {
  if (connection.isFrozen()) connection.toggleFreeze();
});

it("follows a job from the older of what it has read, and says Live", async () => {
  serveJob();
  const socket = await openJob();
  expect(socket.sent).toContainEqual({ op: "subscribe", topic: TOPIC, after: 6 });
  await waitFor(() => expect(pill()).toBe("Live"));
});

it("names the tenant in view", async () => {
  serveJob();
  const socket = await openJob("&tenant=acme");
  expect(socket.sent).toContainEqual({ op: "subscribe", topic: TOPIC, after: 6, tenant: "acme" });
});

it("shows what an event tells without asking for anything", async () => {
  const asked = serveJob();
  const socket = await openJob();
  const before = asked.length;
  socket.tell(events([7, 8], "failed"));
  await shows("failed");
  expect(asked.length).toBe(before);
});

it("acknowledges a beat at once", async () => {
  serveJob();
  const socket = await openJob();
  socket.tell({ type: "beat", beat: 4, heads: {} });
  expect(socket.sent.at(-1)).toEqual({ op: "ack", beat: 4 });
});

it("asks again from where it is when an event is missing", async () => {
  serveJob();
  const socket = await openJob();
  socket.tell(events([7, 8], "running"));
  socket.tell(events([10], "failed"));
  expect(socket.sent.at(-1)).toEqual({ op: "subscribe", topic: TOPIC, after: 8 });
});

it("asks again once, whatever was under way before the answer", async () => {
  serveJob();
  const socket = await openJob();
  const asked = () => socket.sent.filter((request) => request.op === "subscribe" && request.topic === TOPIC).length;
  const before = asked();
  socket.tell(events([9, 10], "running"));
  socket.tell(events([11], "running"));
  expect(asked()).toBe(before + 1);
  socket.tell(events([7, 8, 9, 10, 11], "failed"));
  await shows("failed");
  socket.tell(events([13], "running"));
  expect(asked()).toBe(before + 2);
});

it("goes on from its head after a cut, without reading anew", async () => {
  const asked = serveJob();
  const socket = await openJob();
  socket.tell(events([7, 8], "running"));
  await screen.findByRole("region", { name: "3 events" });
  const before = askedFor(asked, JOB);
  socket.cut();
  await waitFor(() => expect(pill()).toBe("Polling"));
  window.dispatchEvent(new Event("online"));
  const next = lastSocket() as FakeSocket;
  next.greet();
  expect(next.sent).toContainEqual({ op: "subscribe", topic: TOPIC, after: 8 });
  expect(askedFor(asked, JOB)).toBe(before);
});

it("reads all anew from another process, which may have another past", async () => {
  const asked = serveJob();
  const socket = await openJob();
  socket.cut();
  window.dispatchEvent(new Event("online"));
  const before = askedFor(asked, JOB);
  (lastSocket() as FakeSocket).greet("e2");
  await waitFor(() => expect(askedFor(asked, JOB)).toBe(before + 1));
});

it("reads anew on a reset, and then follows from there", async () => {
  const asked = serveJob();
  const socket = await openJob();
  const before = askedFor(asked, JOB);
  socket.tell({ type: "reset", topic: TOPIC });
  await waitFor(() => expect(socket.topics().filter((topic) => topic === TOPIC)).toHaveLength(2));
  expect(askedFor(asked, JOB)).toBe(before + 1);
  socket.tell(events([7, 8], "failed"));
  await shows("failed");
});

it("polls a topic that is refused, and does not ask for it again", async () => {
  const asked = serveJob();
  const socket = await openJob();
  socket.tell({ type: "error", topic: TOPIC, code: "forbidden" });
  const before = askedFor(asked, JOB);
  await waitFor(() => expect(askedFor(asked, JOB)).toBeGreaterThan(before));
  expect(socket.topics().filter((topic) => topic === TOPIC)).toHaveLength(1);
});

it("restarts when a head stays ahead of it", async () => {
  serveJob();
  const socket = await openJob();
  socket.tell({ type: "beat", beat: 1, heads: { [TOPIC]: 9 } });
  await waitFor(() => expect(lastSocket()).not.toBe(socket), { timeout: 4000 });
});

describe("frozen", () => {
  it("stands still and then catches up", async () => {
    serveJob();
    const socket = await openJob();
    await userEvent.keyboard(".");
    expect(pill()).toBe("Frozen");
    socket.tell(events([7, 8], "cancelled"));
    socket.tell({ type: "beat", beat: 1, heads: {} });
    expect(status()).toBe("running");
    await userEvent.keyboard(".");
    await shows("cancelled");
  });
});

it("leads to the login when the credential is gone", async () => {
  let loggedIn = true;
  const me = () => (loggedIn ? json(staff) : refusal(401, "not_authenticated", "Log in."));
  serveJob({ "GET /api/console/me": me });
  const socket = await openJob();
  loggedIn = false;
  socket.cut(4401);
  await screen.findByText("Log in to go on where you were.");
});

it("asks the tasks again when a map has made new ones", async () => {
  let seq = 6;
  const asked = serveJob({
    [`GET ${JOB}/tasks`]: () => json({ job_id: "j1", seq, tasks: [wireTask({ status: "running", seq: 6 })] }),
  });
  const socket = await openJob();
  const before = askedFor(asked, `${JOB}/tasks`);
  seq = 7;
  socket.tell({ type: "events", topic: TOPIC, events: [wireEvent(7, { tasks: [{ id: "new", key: "fan[0]" }] })] });
  await waitFor(() => expect(askedFor(asked, `${JOB}/tasks`)).toBe(before + 1));
});
