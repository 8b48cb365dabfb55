import { describe, expect, it } from "vitest";
import { chain, fan, layered, node } from "@/dag/dag.fixtures";
import { at } from "@/dag/graph";
import { layOut, type Layout } from "@/dag/layout";
import { step } from "@/dag/navigate";
import { visibleBlocks } from "@/dag/visible";

const blockOf = (layout: Layout, id: string) => {
  const index = layout.blocks.findIndex((block) => block.id === id);
  return { index, block: at(layout.blocks, index) };
};
const middle = ({ y, height }: { y: number; height: number }) => y + height / 2;

describe("layOut", () => {
  it("lets no two blocks of a column overlap", () => {
    const layout = layOut(layered(6, 11));
    for (const { blocks } of layout.columns) {
      const placed = blocks.map((i) => at(layout.blocks, i));
      placed.slice(1).forEach((block, i) => {
        expect(block.y).toBeGreaterThanOrEqual(at(placed, i).y + at(placed, i).height);
      });
    }
  });

  it("centres a fan on its ends, so that a straight graph is drawn straight", () => {
    const layout = layOut(fan(3));
    const y = ["first", "m1", "last"].map((id) => middle(blockOf(layout, id).block));
    expect(new Set(y).size).toBe(1);
  });

  it("starts at the top left corner", () => {
    const { blocks } = layOut(layered(4, 5));
    expect(Math.min(...blocks.map(({ y }) => y))).toBe(0);
    expect(Math.min(...blocks.map(({ x }) => x))).toBe(0);
  });

  it("leads a long edge around the blocks it passes", () => {
    const layout = layOut([node("a"), node("b", ["a"]), node("c", ["a", "b"])]);
    const passed = blockOf(layout, "b").block;
    const edge = layout.edges.find(({ points }) => points.length > 2);
    const lane = at(edge?.points ?? [], 1);
    expect(lane.x).toBe(passed.x);
    expect(lane.y < passed.y || lane.y > passed.y + passed.height).toBe(true);
  });

  it("names the stages of a column once", () => {
    expect(layOut(fan(4)).columns.map(({ stages }) => stages)).toEqual([["stage"], ["middle"], ["stage"]]);
  });

  it("marks the column of what cannot be placed", () => {
    const layout = layOut([node("a"), node("x", ["y"]), node("y", ["x"])]);
    expect(layout.columns.map(({ unplaceable }) => unplaceable)).toEqual([false, true]);
  });

  it("lays out 10,000 unfoldable tasks within its deadline", () => {
    const before = performance.now();
    expect(layOut(layered(1000, 10)).blocks).toHaveLength(10_000);
    expect(performance.now() - before).toBeLessThan(3000);
  });

  it("gives an empty job an empty board", () => {
    expect(layOut([])).toMatchObject({ blocks: [], width: 0, height: 0 });
  });
});

describe("step", () => {
  const layout = layOut(fan(3));
  const go = (id: string, direction: "left" | "right" | "up" | "down") => {
    const next = step(layout, blockOf(layout, id).index, direction);
    return next === null ? null : at(layout.blocks, next).id;
  };

  it("follows the dependency edges sideways", () => {
    expect([go("first", "right"), go("m0", "right"), go("m2", "left")]).toEqual(["m1", "last", "first"]);
  });

  it("stays in the column up and down", () => {
    expect([go("m1", "up"), go("m1", "down"), go("m0", "up")]).toEqual(["m0", "m2", null]);
  });

  it("goes nowhere past the ends", () => {
    expect([go("first", "left"), go("last", "right")]).toEqual([null, null]);
  });
});

describe("visibleBlocks", () => {
  it("names what the window touches and no more", () => {
    const layout = layOut(chain(11));
    const third = at(layout.blocks, 2);
    const sight = { x: third.x, y: 0, width: third.width, height: 100 };
    expect(visibleBlocks(layout, sight)).toEqual([2]);
  });
});
