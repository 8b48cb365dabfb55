import { screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import type { components } from "@/api/schema";
import { shellAnswers } from "@/test/cast";
import { wireCard, wireCardNode, wireHolder } from "@/test/pool";
import { renderAt } from "@/test/render";
import { json, serve } from "@/test/server";

type Wire = components["schemas"];

async function show(...nodes: Wire["GpuNode"][]) {
  serve({
    ...shellAnswers,
    "GET /api/console/gpus": () => json({ seq: 1, nodes }),
    "GET /api/console/gpus/GPU-0/history": () => json({ uuid: "GPU-0", step: "raw", total_mb: 8192, samples: [] }),
    "GET /api/console/gpus/GPU-1/history": () => json({ uuid: "GPU-1", step: "raw", total_mb: 8192, samples: [] }),
  });
  renderAt("/gpus");
  return (await screen.findByRole("heading", { name: nodes[0]?.node ?? "" })).closest("section");
}

it("says who holds the memory, whatever it is", async () => {
  const holders = [
    wireHolder({ kind: "attempt", tenant: "acme", job_id: "j1", task_id: "t1", key: "train", used_mb: 2048 }),
    wireHolder({ kind: "worker", pid: 78, worker: "asr-1" }),
    wireHolder({ kind: "engine", pid: 79, engine_id: "asr" }),
    wireHolder({ pid: 80 }),
    wireHolder({ kind: "hidden", pid: 81, used_mb: null }),
  ];
  await show(wireCardNode({ cards: [wireCard({ holders })] }));
  const list = await screen.findByRole("list", { name: "Who holds the memory of GPU 0" });
  expect(within(list).getAllByRole("listitem").map((item) => item.textContent)).toEqual([
    "2.0 GiBtask train · acme",
    "300 MiBrealtime worker asr-1",
    "300 MiBkept warm for asr",
    "300 MiBa foreign process, pid 80",
    "–a process that this machine does not show, pid 81",
  ]);
  expect(within(list).getByRole("link").getAttribute("href")).toContain("/jobs/j1?task=t1");
});

it("tells an empty card, a lost card and no card apart", async () => {
  const cards = [
    wireCard({ used_mb: 0 }),
    wireCard({ uuid: "GPU-1", index: 1, used_mb: null, total_mb: null, status: "lost", reason: "card_lost" }),
  ];
  const panel = await show(
    wireCardNode({ cards, status: "degraded" }),
    wireCardNode({ node: "plain", status: "none" }),
  );
  expect(within(panel as HTMLElement).getByText("0 MiB of 8.0 GiB")).toBeTruthy();
  expect(within(panel as HTMLElement).getAllByRole("meter")).toHaveLength(1);
  expect(panel?.textContent).toContain("Memory is not known: lost");
  expect(panel?.textContent).toContain("Degraded");
  const plain = screen.getByRole("heading", { name: "plain" }).closest("section");
  expect(plain?.textContent).toContain("No card reported.");
  expect(plain?.textContent).not.toContain("MiB");
});

it("shows the age of each sample, and labels made up cards", async () => {
  const panel = await show(wireCardNode({ driver: "simulated", cards: [wireCard({ driver: "simulated" })] }));
  expect(panel?.textContent).toContain("Simulated");
  expect(within(panel as HTMLElement).getAllByRole("time").length).toBeGreaterThanOrEqual(2);
});
