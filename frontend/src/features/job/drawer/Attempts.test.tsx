import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { toTaskDetail } from "@/api/map";
import type { components } from "@/api/schema";
import { Attempts } from "@/features/job/drawer/Attempts";
import { wireTask } from "@/test/cast";

const AT = "2026-11-22T12:00:05.000000Z";
const holder = {
  kind: "attempt", pid: 7, used_mb: 900, tenant: "acme", job_id: null, task_id: null, attempt: 1,
  engine_id: "asr", worker: "w1",
} as const;
const attempt: components["schemas"]["Attempt"] = {
  number: 1, worker: "w1", started_at: AT, ended_at: AT, outcome: "failed", error: "CUDA out of memory",
  error_code: "oom", gpu_memory_peak_mb: 2048, gpu_seconds: 3.25, cards: ["GPU-0"],
  autopsy: [
    {
      uuid: "GPU-0", name: "Test card", total_mb: 8192,
      samples: [{ at: AT, used_mb: 8000, reason: null, holders: [{ ...holder }] }],
    },
  ],
};

function show(changes: Partial<typeof attempt> = {}) {
  const detail = {
    ...wireTask(), config: {}, inputs: null, inputs_too_large: false, output: null, files: [], cancel: null,
    attempts: [{ ...attempt, ...changes }],
  };
  render(<Attempts attempts={toTaskDetail(detail).attempts} onLog={() => undefined} />);
}

it("says what an attempt took of its cards, and who held them when memory ran out", () => {
  show();
  expect(screen.getByText("at most 2.0 GiB · 3.3 GPU-s")).toBeTruthy();
  expect(screen.getByText("on GPU-0")).toBeTruthy();
  expect(screen.getByText(/The minute before, on Test card, 8.0 GiB/)).toBeTruthy();
  expect(screen.getByText("task asr: 900 MiB")).toBeTruthy();
});

it("says nothing of cards where there were none", () => {
  show({ gpu_memory_peak_mb: null, gpu_seconds: null, cards: null, autopsy: null });
  expect(screen.queryByText(/GPU|GiB|minute/)).toBeNull();
});
