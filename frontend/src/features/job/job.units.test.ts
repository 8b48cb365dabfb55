import { describe, expect, it } from "vitest";
import type { LogLine } from "@/api/domain";
import { causes } from "@/features/job/FailurePanel";
import { listed, listViewOf } from "@/features/job/list/listView";
import { filterLines, plainRows, withGaps } from "@/features/job/logs/rows";
import { axisOf, spansOf } from "@/features/job/timeline/spans";
import { task } from "@/test/cast";

const line = (n: number, changes: Partial<LogLine> = {}): LogLine => ({
  n,
  at: n,
  level: "info",
  text: `line ${n}`,
  dropped: null,
  source: null,
  ...changes,
});
const shape = (lines: LogLine[]) =>
  withGaps(lines).map((row) => (row.kind === "gap" ? `-${row.missing}` : String(row.line.n)));

describe("log rows", () => {
  it("show how many lines were dropped, from the start too", () => {
    expect(shape([line(3), line(4), line(1209)])).toEqual(["-2", "3", "4", "-1204", "1209"]);
  });

  it("take the server's word for what it dropped, once", () => {
    expect(shape([line(1), line(9, { dropped: 8 }), line(10)])).toEqual(["1", "-8", "10"]);
    expect(plainRows([line(9, { dropped: 8 })])).toEqual([{ kind: "gap", missing: 8 }]);
  });

  it("are counted per attempt where tasks mix", () => {
    const of = (taskId: string) => ({ source: { taskId, key: taskId, attempt: 1 } });
    expect(shape([line(1, of("a")), line(1, of("b")), line(2, of("a"))])).toEqual(["1", "1", "2"]);
  });

  it("are filtered by least level and by text", () => {
    const lines = [line(1), line(2, { level: "error", text: "CUDA out of memory" }), line(3, { level: "warning" })];
    expect(filterLines(lines, { q: "", level: "warning" }).map(({ n }) => n)).toEqual([2, 3]);
    expect(filterLines(lines, { q: "cuda", level: "" }).map(({ n }) => n)).toEqual([2]);
  });
});

describe("the task list", () => {
  const tasks = [
    task({ id: "a", key: "t-10", durationMs: 5, status: "failed" }),
    task({ id: "b", key: "t-9", durationMs: null }),
    task({ id: "c", key: "t-1", durationMs: 7, engineId: "whisper" }),
  ];
  const ids = (search: string) => listed(tasks, listViewOf(new URLSearchParams(search))).map(({ id }) => id);

  it("sorts keys as people count", () => {
    expect(ids("sort=key")).toEqual(["c", "b", "a"]);
  });

  it("puts what has no value last either way", () => {
    expect([ids("sort=duration"), ids("sort=-duration")]).toEqual([["a", "c", "b"], ["c", "a", "b"]]);
  });

  it("filters by status, engine and key", () => {
    expect([ids("status=failed"), ids("engine=whisper"), ids("find=T-9")]).toEqual([["a"], ["c"], ["b"]]);
  });

  it("drops an order it does not know", () => {
    expect(ids("sort=nonsense")).toEqual(["a", "b", "c"]);
  });
});

describe("the timeline", () => {
  it("runs what has no end until now and leaves out what never became ready", () => {
    const tasks = [
      task({ id: "done", startedAt: 10, completedAt: 30, readyAt: 0 }),
      task({ id: "runs", startedAt: 20, completedAt: null, readyAt: 15 }),
      task({ id: "never", startedAt: null, completedAt: 40, readyAt: null }),
    ];
    const spans = spansOf(tasks, 100);
    expect(spans.map((span) => [span.task.id, span.endAt])).toEqual([["done", 30], ["runs", 100]]);
    expect(axisOf(spans)).toMatchObject({ from: 0, to: 100 });
  });

  it("has at most ten ticks at round distances", () => {
    const { ticks } = axisOf(spansOf([task({ readyAt: 0, startedAt: 0, completedAt: 61_000 })], 0));
    expect(ticks.slice(0, 3)).toEqual([0, 10_000, 20_000]);
  });
});

it("names the first required failure as the cause", () => {
  const tasks = [
    task({ id: "optional", status: "failed", required: false, completedAt: 1 }),
    task({ id: "late", status: "failed", completedAt: 9 }),
    task({ id: "first", status: "failed", completedAt: 5 }),
    task({ id: "fine" }),
  ];
  expect(causes(tasks).map(({ id }) => id)).toEqual(["first", "late", "optional"]);
});
