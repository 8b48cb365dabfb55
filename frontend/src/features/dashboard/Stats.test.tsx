import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { shellAnswers } from "@/test/cast";
import { renderAt } from "@/test/render";
import { json, serve } from "@/test/server";

const NOTHING = {
  gpu_memory_used_mb: null,
  gpu_memory_total_mb: null,
  gpu_driver: null,
  gpu_sampled_at: null,
  gpu_status: "none",
};

async function gpuTile(figures: object, at = "/"): Promise<string> {
  const system = { status: "healthy", reasons: [], version: "1", ...NOTHING, ...figures };
  const batch = { active_jobs: 0, queue_depth: 0, oldest_wait_ms: null, recent_jobs: [] };
  serve({
    ...shellAnswers,
    "GET /api/console/dashboard": () => json({ seq: 1, system, batch, realtime: null }),
    "GET /api/console/engines": () => json([]),
  });
  renderAt(at);
  return (await screen.findByText("GPU memory")).parentElement?.textContent ?? "";
}

const read = { gpu_status: "ok", gpu_driver: "nvml", gpu_sampled_at: new Date().toISOString() };

describe("the tile of the cards' memory", () => {
  it("says that no card is reported", async () => {
    expect(await gpuTile({})).toContain("No GPU reported");
  });

  it("does not say so of cards that cannot be read", async () => {
    const text = await gpuTile({ gpu_status: "unknown" });
    expect(text).toContain("There are cards, not known now");
    expect(text).not.toContain("No GPU");
  });

  it("may be zero of something, and says how old that is", async () => {
    const text = await gpuTile({ ...read, gpu_memory_used_mb: 0, gpu_memory_total_mb: 81_920 });
    expect(text).toContain("0 MiB/ 80.0 GiB");
    expect(text).toContain("now");
    expect(text).not.toContain("Simulated");
  });

  it("labels what is made up", async () => {
    const made = { ...read, gpu_driver: "simulated", gpu_memory_used_mb: 5, gpu_memory_total_mb: 10 };
    expect(await gpuTile(made)).toContain("Simulated");
  });

  it("tells a tenant what its own tasks hold, of which there is no total", async () => {
    expect(await gpuTile({ ...read, gpu_memory_used_mb: 300 }, "/?tenant=acme")).toContain("300 MiBheld by tasks");
  });

  it("tells a tenant that its tasks hold nothing", async () => {
    expect(await gpuTile({}, "/?tenant=acme")).toContain("No task holds any");
  });
});
