import { describe, expect, it } from "vitest";
import { chain, mapped, node } from "@/dag/dag.fixtures";
import { buildGraph, depthsOf, instanceCounts } from "@/dag/graph";

const depthsById = (tasks: ReturnType<typeof node>[]) => {
  const { depth } = depthsOf(buildGraph(tasks));
  return Object.fromEntries(tasks.map((task, i) => [task.id, depth[i]]));
};

describe("depthsOf", () => {
  it("puts a task one behind its deepest dependency", () => {
    const tasks = [node("a"), node("b", ["a"]), node("c", ["a", "b"]), node("d")];
    expect(depthsById(tasks)).toEqual({ a: 0, b: 1, c: 2, d: 0 });
  });

  it("does not depend on the order of submission", () => {
    const tasks = [node("c", ["b"]), node("b", ["a"]), node("a")];
    expect(depthsById(tasks)).toEqual({ a: 0, b: 1, c: 2 });
  });

  it("names a cycle and what hangs on it as unplaceable", () => {
    const tasks = [node("a"), node("x", ["y"]), node("y", ["x", "a"]), node("z", ["y"])];
    const { unplaceable, order } = depthsOf(buildGraph(tasks));
    expect(unplaceable).toEqual([1, 2, 3]);
    expect(order).toEqual([0]);
  });

  it("leaves out a dependency that is not in the job", () => {
    expect(depthsById([node("a", ["gone"])])).toEqual({ a: 0 });
  });

  it("counts a dependency named twice once", () => {
    expect(depthsOf(buildGraph([node("a"), node("b", ["a", "a"])])).unplaceable).toEqual([]);
  });

  it("puts a template behind its instances, and what follows behind the template", () => {
    expect(depthsById(mapped(2))).toEqual({ list: 0, "each[0]": 1, "each[1]": 1, each: 2, end: 3 });
  });

  it("is linear on a chain of 10,000 tasks", () => {
    const graph = buildGraph(chain(10_000).toReversed());
    const before = performance.now();
    const { depth } = depthsOf(graph);
    expect(performance.now() - before).toBeLessThan(200);
    expect(depth[0]).toBe(9_999);
  });
});

describe("buildGraph", () => {
  it("hangs a template on its instances alone, once it has some", () => {
    expect(buildGraph(mapped(2)).before).toEqual([[], [2, 3], [0], [0], [1]]);
  });

  it("hangs a template without instances on what it maps over", () => {
    expect(buildGraph(mapped(0)).before).toEqual([[], [0], [1]]);
  });
});

it("counts the instances of each template", () => {
  expect([...instanceCounts(mapped(3))]).toEqual([["each", 3]]);
});
