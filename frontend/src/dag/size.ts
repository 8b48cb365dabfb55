/** Sizes in world pixels of what stands on the board, and the heat grid's geometry. */
import type { Block } from "@/dag/fold";

export const TASK_WIDTH = 220;
export const TASK_HEIGHT = 56;
export const COLUMN_GAP = 64;
export const ROW_GAP = 14;
export const LANE_HEIGHT = 8;

export const CELL = 9;
/** Distance from one heat cell to the next. */
export const PITCH = 10;
const GROUP_PADDING = 12;
const GROUP_HEAD = 66;
const GROUP_WIDTH_MAX = 720;

export interface HeatGrid {
  perRow: number;
  rows: number;
}

/** Cells of a group: as wide as a task card, or about square when there are many. */
export function heatGrid(count: number): HeatGrid {
  const narrow = Math.floor((TASK_WIDTH - 2 * GROUP_PADDING) / PITCH);
  const widest = Math.floor((GROUP_WIDTH_MAX - 2 * GROUP_PADDING) / PITCH);
  const perRow = Math.min(widest, Math.max(narrow, Math.ceil(Math.sqrt(count * 1.4))));
  return { perRow, rows: Math.ceil(count / perRow) };
}

export function blockSize({ kind, members }: Pick<Block, "kind" | "members">): { width: number; height: number } {
  if (kind !== "group") return { width: TASK_WIDTH, height: TASK_HEIGHT };
  const { perRow, rows } = heatGrid(members.length);
  return {
    width: Math.max(TASK_WIDTH, perRow * PITCH + 2 * GROUP_PADDING),
    height: GROUP_HEAD + rows * PITCH + GROUP_PADDING,
  };
}

/** Index of the cell under a point of the grid, null between cells and outside. */
export function cellAt(grid: HeatGrid, count: number, x: number, y: number): number | null {
  const column = Math.floor(x / PITCH);
  const row = Math.floor(y / PITCH);
  if (column < 0 || row < 0 || column >= grid.perRow) return null;
  if (x - column * PITCH > CELL || y - row * PITCH > CELL) return null;
  const index = row * grid.perRow + column;
  return index < count ? index : null;
}
