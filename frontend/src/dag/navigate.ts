/** Keyboard on the board: left and right follow dependency edges, up and down stay in the column. */
import { at } from "@/dag/graph";
import type { Layout } from "@/dag/layout";

export type Direction = "left" | "right" | "up" | "down";

function nearest(layout: Layout, from: number, candidates: number[]): number | null {
  const middle = (i: number) => at(layout.blocks, i).y + at(layout.blocks, i).height / 2;
  const near = (i: number) => Math.abs(middle(i) - middle(from));
  const [first, ...rest] = candidates;
  if (first === undefined) return null;
  return rest.reduce((best, i) => (near(i) < near(best) ? i : best), first);
}

/** Index of the block that an arrow key leads to, null where there is none. */
export function step(layout: Layout, from: number, direction: Direction): number | null {
  if (direction === "right") {
    return nearest(layout, from, layout.edges.filter((e) => e.from === from).map((e) => e.to));
  }
  if (direction === "left") {
    return nearest(layout, from, layout.edges.filter((e) => e.to === from).map((e) => e.from));
  }
  const { blocks } = at(layout.columns, at(layout.blocks, from).column);
  return blocks[blocks.indexOf(from) + (direction === "down" ? 1 : -1)] ?? null;
}
