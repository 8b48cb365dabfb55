/** Order within columns by barycentre sweeps, so that few edges cross. */
import { at } from "@/dag/graph";

/** One thing in a column: a block, or the lane of an edge that passes by. */
export interface Slot {
  /** Index of the block, −1 for a lane. */
  block: number;
  column: number;
  height: number;
  before: number[];
  after: number[];
}

export const SWEEPS = 4;

function positions(columns: number[][], size: number): Float64Array {
  const position = new Float64Array(size);
  for (const column of columns) column.forEach((slot, i) => (position[slot] = i));
  return position;
}

function mean(list: number[], position: Float64Array, otherwise: number): number {
  if (list.length === 0) return otherwise;
  return list.reduce((sum, slot) => sum + at(position, slot), 0) / list.length;
}

/** Columns of slot indices, reordered in place over SWEEPS passes, to the right and back by turns. */
export function sweep(slots: readonly Slot[], columns: number[][]): number[][] {
  const position = positions(columns, slots.length);
  for (let pass = 0; pass < SWEEPS; pass++) {
    const rightwards = pass % 2 === 0;
    for (const column of rightwards ? columns : [...columns].reverse()) {
      const weight = new Map(
        column.map((slot) => {
          const { before, after } = at(slots, slot);
          return [slot, mean(rightwards ? before : after, position, at(position, slot))];
        }),
      );
      column.sort((a, b) => (weight.get(a) ?? 0) - (weight.get(b) ?? 0));
      column.forEach((slot, i) => (position[slot] = i));
    }
  }
  return columns;
}

/** Pairs of edges between two neighbouring columns that cross; for tests and tuning. */
export function crossings(slots: readonly Slot[], left: number[], right: number[]): number {
  const position = positions([right], slots.length);
  const ends = left.flatMap((slot) =>
    at(slots, slot)
      .after.map((to) => at(position, to))
      .sort((a, b) => a - b),
  );
  let count = 0;
  ends.forEach((end, i) => {
    for (const earlier of ends.slice(0, i)) if (earlier > end) count += 1;
  });
  return count;
}
