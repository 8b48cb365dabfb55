import { describe, expect, it } from "vitest";
import { chain, fan, mapped, node } from "@/dag/dag.fixtures";
import { fold } from "@/dag/fold";
import { buildGraph, type DagTask } from "@/dag/graph";

const folded = (tasks: DagTask[], open: string[] = []) => fold(tasks, buildGraph(tasks), new Set(open));
const kinds = (tasks: DagTask[], open: string[] = []) =>
  folded(tasks, open).blocks.map(({ kind, members }) => `${kind} ${members.length}`);

describe("groups", () => {
  it("leaves a column of 12 as it is", () => {
    expect(folded(fan(12)).blocks).toHaveLength(14);
  });

  it("folds a column of 13 into one group of its stage and engine", () => {
    expect(kinds(fan(13))).toEqual(["task 1", "group 13", "task 1"]);
  });

  it("keeps fewer than 6 of a kind apart in a crowded column", () => {
    const odd = Array.from({ length: 5 }, (_, i) => node(`odd${i}`, ["first"], { engineId: "other" }));
    const shown = kinds([...fan(13), ...odd]);
    expect(shown.filter((kind) => kind === "task 1")).toHaveLength(2 + 5);
    expect(shown).toContain("group 13");
  });

  it("folds each engine of a stage by itself", () => {
    const other = Array.from({ length: 6 }, (_, i) => node(`o${i}`, ["first"], { stage: "middle", engineId: "other" }));
    expect(kinds([...fan(13), ...other])).toContain("group 6");
  });

  it("shows an opened group task by task", () => {
    expect(folded(fan(13), ["group:1:middle:engine"]).blocks).toHaveLength(15);
  });

  it("draws one edge for all dependencies between two blocks", () => {
    expect(folded(fan(13)).edges.map(({ count }) => count)).toEqual([13, 13]);
  });

  it("calls an edge optional only when all behind it are", () => {
    expect(folded(fan(13, { required: false })).edges.map(({ optional }) => optional)).toEqual([false, true]);
    const mixed = fan(13, { required: false });
    mixed[13] = node("m12", ["first"], { stage: "middle" });
    expect(folded(mixed).edges.map(({ optional }) => optional)).toEqual([false, false]);
  });
});

describe("maps", () => {
  it("fold many instances into one group before their template", () => {
    expect(kinds(mapped(30))).toEqual(["task 1", "group 30", "task 1", "task 1"]);
    const { blocks, edges } = folded(mapped(30));
    expect(blocks.map(({ column }) => column)).toEqual([0, 1, 2, 3]);
    expect(edges.map(({ from, to, count }) => [from, to, count])).toEqual([[0, 1, 30], [2, 3, 1], [1, 2, 30]]);
  });

  it("show few instances one by one", () => {
    expect(kinds(mapped(3))).toEqual(Array(6).fill("task 1"));
  });
});

describe("runs", () => {
  it("folds a straight run of 12 and none of 11", () => {
    expect(kinds(chain(12))).toEqual(["run 12"]);
    expect(folded(chain(11)).blocks).toHaveLength(11);
  });

  it("folds a chain of 10,000 tasks into one block", () => {
    expect(kinds(chain(10_000))).toEqual(["run 10000"]);
  });

  it("ends a run where the chain parts", () => {
    const tasks = [...chain(14), node("side", ["c12"])];
    expect(kinds(tasks)).toEqual(["run 13", "task 1", "task 1"]);
  });

  it("moves what follows a run next to it", () => {
    const tasks = [...chain(14), node("side", ["c12"])];
    expect(folded(tasks).columnCount).toBe(2);
  });

  it("shows an opened run task by task", () => {
    expect(folded(chain(12), ["run:c0"]).blocks).toHaveLength(12);
  });
});

describe("what cannot be placed", () => {
  it("stands in a last column of its own", () => {
    const tasks = [node("a"), node("x", ["y"]), node("y", ["x"])];
    const { blocks, unplaceableColumn } = folded(tasks);
    expect(unplaceableColumn).toBe(1);
    expect(blocks.map(({ id, column }) => [id, column])).toEqual([["a", 0], ["x", 1], ["y", 1]]);
  });

  it("gets no column where there is none", () => {
    expect(folded(chain(3)).unplaceableColumn).toBeNull();
  });
});
