import { describe, expect, it } from "vitest";
import { crossings, sweep, type Slot } from "@/dag/order";

const slot = (column: number, before: number[], after: number[]): Slot => ({
  block: 0,
  column,
  height: 10,
  before,
  after,
});

describe("sweep", () => {
  it("uncrosses two edges", () => {
    const slots = [slot(0, [], [3]), slot(0, [], [2]), slot(1, [1], []), slot(1, [0], [])];
    expect(crossings(slots, [0, 1], [2, 3])).toBe(1);
    const [left = [], right = []] = sweep(slots, [[0, 1], [2, 3]]);
    expect(crossings(slots, left, right)).toBe(0);
  });

  it("puts a task in the middle of what it needs", () => {
    // 0, 1, 2 in the first column; 4 needs 0 and 2, 3 needs 2, 5 needs 0.
    const slots = [
      slot(0, [], [4, 5]),
      slot(0, [], [4]),
      slot(0, [], [3, 4]),
      slot(1, [2], []),
      slot(1, [0, 1, 2], []),
      slot(1, [0], []),
    ];
    expect(sweep(slots, [[0, 1, 2], [3, 4, 5]])[1]).toEqual([5, 4, 3]);
  });

  it("leaves what is free of edges in the order of submission", () => {
    const slots = [slot(0, [], []), slot(0, [], []), slot(0, [], [])];
    expect(sweep(slots, [[0, 1, 2]])).toEqual([[0, 1, 2]]);
  });
});
