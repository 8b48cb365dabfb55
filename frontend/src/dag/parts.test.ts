import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { firstSight, fit, hold, reveal, scrolled, zoomAt } from "@/dag/camera";
import { criticalPath } from "@/dag/critical";
import { node } from "@/dag/dag.fixtures";
import { edgeWidth, loudest } from "@/dag/draw";
import { buildGraph } from "@/dag/graph";
import { blockSize, cellAt, heatGrid } from "@/dag/size";
import { StatusStore } from "@/dag/statuses";

const PORT = { width: 1000, height: 600 };

describe("camera", () => {
  it("shows a small board whole and never enlarged", () => {
    expect(firstSight({ width: 300, height: 100 }, PORT)).toMatchObject({ k: 1, x: 350 });
  });

  it("is never below 0.8 at first sight, and may be on request", () => {
    const content = { width: 9000, height: 5000 };
    expect(firstSight(content, PORT).k).toBe(0.8);
    expect(fit(content, PORT).k).toBeLessThan(0.2);
  });

  it("zooms about the pointer", () => {
    const view = zoomAt({ x: 10, y: 20, k: 1 }, 2, 110, 120);
    expect(view).toEqual({ k: 2, x: -90, y: -80 });
  });

  it("keeps a large board from being pushed out of sight", () => {
    expect(hold({ x: 5000, y: -9000, k: 1 }, { width: 2000, height: 2000 }, PORT)).toEqual({
      k: 1,
      x: 32,
      y: 600 - 32 - 2000,
    });
  });

  it("does not scroll what is wholly in sight", () => {
    const view = { x: 100, y: 100, k: 1 };
    expect(scrolled(view, 50, 50, { width: 200, height: 200 }, PORT)).toEqual(view);
  });

  it("reveals with the least pan", () => {
    const view = { x: 0, y: 0, k: 1 };
    expect(reveal(view, { x: 1100, y: 100, width: 200, height: 50 }, PORT).x).toBe(-332);
    expect(reveal(view, { x: 100, y: 100, width: 200, height: 50 }, PORT)).toEqual(view);
  });
});

describe("heat grid", () => {
  it("is as wide as a task card until there are many", () => {
    expect(blockSize({ kind: "group", members: [...Array(30).keys()] }).width).toBe(220);
    expect(heatGrid(2457).perRow).toBeGreaterThan(40);
  });

  it("finds the cell under a point, and none in the gaps or behind the last", () => {
    const grid = { perRow: 10, rows: 2 };
    expect([cellAt(grid, 15, 11, 1), cellAt(grid, 15, 3, 12)]).toEqual([1, 10]);
    expect([cellAt(grid, 15, 9.5, 1), cellAt(grid, 15, 85, 12), cellAt(grid, 15, 101, 1)]).toEqual([null, null, null]);
  });
});

describe("StatusStore", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it("tells listeners of many updates once in 100 ms", () => {
    const store = new StatusStore();
    const listener = vi.fn();
    store.subscribe(listener);
    store.update(["pending"]);
    store.update(["ready"]);
    store.update(["running"]);
    vi.advanceTimersByTime(99);
    expect(listener).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(listener).toHaveBeenCalledTimes(1);
    expect(store.get(0)).toBe("running");
  });

  it("is silent when nothing changed", () => {
    const store = new StatusStore();
    store.update(["pending"]);
    vi.runAllTimers();
    const { version } = store;
    store.update(["pending"]);
    vi.runAllTimers();
    expect(store.version).toBe(version);
  });

  it("counts by status", () => {
    const store = new StatusStore();
    store.update(["failed", "running", "failed"]);
    expect(store.counts([0, 2])).toMatchObject({ failed: 2, running: 0 });
  });
});

describe("criticalPath", () => {
  it("is the dearest chain, not the longest", () => {
    const tasks = [node("a"), node("b", ["a"]), node("c", ["b"]), node("dear"), node("end", ["c", "dear"])];
    const cost = [1, 1, 1, 10, 1];
    expect(criticalPath(buildGraph(tasks), (task) => cost[task] ?? 0)).toEqual([3, 4]);
  });

  it("is empty for an empty job", () => {
    expect(criticalPath(buildGraph([]), () => 1)).toEqual([]);
  });
});

describe("drawing", () => {
  it("widens an edge by the logarithm of its count", () => {
    expect(edgeWidth(100) - edgeWidth(10)).toBeCloseTo(edgeWidth(10) - edgeWidth(1));
  });

  it("lets a failure stand for its block", () => {
    const none = { pending: 0, ready: 0, running: 0, completed: 0, failed: 0, skipped: 0, cancelled: 0 };
    expect(loudest({ ...none, completed: 900, failed: 1 })).toBe("failed");
    expect(loudest({ ...none, completed: 900, skipped: 1 })).toBe("completed");
  });
});
