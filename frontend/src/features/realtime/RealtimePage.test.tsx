import { screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import type { components } from "@/api/schema";
import { shellAnswers } from "@/test/cast";
import { wireRealtimeWorker, wireSession } from "@/test/pool";
import { renderAt } from "@/test/render";
import { json, serve } from "@/test/server";

type Wire = components["schemas"];

const MODEL: Wire["Model"] = {
  model: "en", capacity: 4, active: 1, free: 3, full_in_minutes: null, wants: 1, has: 2,
};

interface Pool {
  workers?: Wire["RealtimeWorker"][];
  model?: Partial<Wire["Model"]>;
  sessions?: Wire["SessionDetail"][];
}

function show({ workers = [wireRealtimeWorker()], model = {}, sessions = [] }: Pool) {
  const status: Wire["RealtimeStatus"] = {
    seq: 1, worker_count: 1, total_capacity: 4, active_sessions: 1, utilization: 0.25,
    models: [{ ...MODEL, ...model }], workers,
  };
  serve({
    ...shellAnswers,
    "GET /api/console/realtime/status": () => json(status),
    "GET /api/console/realtime/sessions": () =>
      json({ count: sessions.length, count_capped: false, next: null, previous: null, results: sessions }),
  });
  renderAt("/realtime");
}

const row = (name: string) => screen.findByRole("row", { name: new RegExp(name) });

it("shows what is in use, each worker with its places, and how old its heartbeat is", async () => {
  show({ workers: [wireRealtimeWorker({ capacity: 3, active: 2 })] });
  const meter = await screen.findByRole("meter", { name: "Realtime capacity in use" });
  expect([meter.getAttribute("aria-valuenow"), meter.getAttribute("aria-valuemax")]).toEqual(["1", "4"]);
  const worker = await row("asr-1");
  expect(within(worker).getByRole("img", { name: "Sessions at asr-1: 2 of 3 in use" })).toBeTruthy();
  expect(worker.textContent).toContain("Ready");
  expect(within(worker).getByRole("time").getAttribute("datetime")).toBe("2026-11-22T12:00:00.000Z");
});

it("shows a worker that fell silent as lost, and offers it no drain", async () => {
  show({ workers: [wireRealtimeWorker({ status: "offline" })] });
  const worker = await row("asr-1");
  expect(worker.textContent).toContain("Lost");
  expect(within(worker).queryByRole("button")).toBeNull();
});

it("offers to resume only a worker that was drained itself, not by its machine", async () => {
  show({
    workers: [
      wireRealtimeWorker({ name: "asr-1", status: "draining", drain_requested_at: "2026-11-22T12:00:00Z" }),
      wireRealtimeWorker({ name: "asr-2", status: "draining" }),
    ],
  });
  expect(await screen.findByRole("button", { name: "Resume asr-1" })).toBeTruthy();
  expect(screen.getByRole("button", { name: "Drain asr-2" })).toBeTruthy();
});

it.each<[Partial<Wire["Model"]>, string]>([
  [{ active: 4, free: 0 }, "Full: every place is taken."],
  [{ active: 2, free: 0 }, "Full: the workers that take sessions have no place left."],
  [{ capacity: 0, active: 0, free: 0, has: 0 }, "No worker takes sessions"],
  [{ full_in_minutes: 7.4 }, "Full in about 7 min at this rate."],
  [{ wants: 3, has: 2 }, "wants 3, has 2"],
])("says of a model with %o: %s", async (model, words) => {
  show({ model });
  expect((await row("^en ")).textContent).toContain(words);
});

it("shows sessions with tenant, model, worker, duration and how they ended", async () => {
  show({ sessions: [wireSession({ status: "ended", ended_at: "2026-11-22T12:01:01Z", end_reason: "drained" })] });
  const session = await row("acme");
  for (const words of ["acme", "en", "asr-1", "Ended", "drained", "1 m 1 s"]) {
    expect(session.textContent).toContain(words);
  }
  expect(within(session).queryByRole("button")).toBeNull();
});
