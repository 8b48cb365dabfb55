/** Heights: each slot as near to its neighbours as order and gaps allow. */
import { at } from "@/dag/graph";
import type { Slot } from "@/dag/order";

const PASSES = 5;

/** Least-squares fit of a rising sequence (pool adjacent violators). */
function rising(wanted: number[]): number[] {
  const pools: { sum: number; count: number }[] = [];
  for (const value of wanted) {
    let pool = { sum: value, count: 1 };
    for (let last = pools.at(-1); last; last = pools.at(-1)) {
      if (last.sum / last.count <= pool.sum / pool.count) break;
      pool = { sum: last.sum + pool.sum, count: last.count + pool.count };
      pools.pop();
    }
    pools.push(pool);
  }
  return pools.flatMap(({ sum, count }) => new Array<number>(count).fill(sum / count));
}

function meanOf(list: number[], centre: Float64Array): number | null {
  if (list.length === 0) return null;
  return list.reduce((sum, slot) => sum + at(centre, slot), 0) / list.length;
}

function wish(slot: Slot, pass: number, centre: Float64Array, now: number): number {
  const left = meanOf(slot.before, centre);
  const right = meanOf(slot.after, centre);
  if (pass === PASSES - 1 && left !== null && right !== null) return (left + right) / 2;
  return (pass % 2 === 0 ? left : right) ?? now;
}

/** Distance of each slot's centre from that of the column's first. */
function offsets(slots: readonly Slot[], column: number[], gap: number): number[] {
  let sum = 0;
  return column.map((slot, i) => {
    if (i > 0) {
      const above = at(slots, at(column, i - 1));
      const lanes = above.block === -1 && at(slots, slot).block === -1;
      sum += (above.height + at(slots, slot).height) / 2 + (lanes ? gap / 2 : gap);
    }
    return sum;
  });
}

/** Centre y of each slot; the topmost edge of all is at 0. */
export function placeHeights(slots: readonly Slot[], columns: number[][], gap: number): Float64Array {
  const centre = new Float64Array(slots.length);
  const offset = columns.map((column) => offsets(slots, column, gap));
  columns.forEach((column, c) => {
    const middle = (at(offset, c).at(-1) ?? 0) / 2;
    column.forEach((slot, i) => (centre[slot] = at(at(offset, c), i) - middle));
  });
  for (let pass = 0; pass < PASSES; pass++) {
    const numbers = columns.map((_, c) => c);
    for (const c of pass % 2 === 0 ? numbers : numbers.reverse()) {
      const column = at(columns, c);
      const shift = at(offset, c);
      const wanted = column.map(
        (slot, i) => wish(at(slots, slot), pass, centre, at(centre, slot)) - at(shift, i),
      );
      rising(wanted).forEach((z, i) => (centre[at(column, i)] = z + at(shift, i)));
    }
  }
  const tops = slots.map((slot, i) => at(centre, i) - slot.height / 2);
  const top = tops.reduce((least, y) => Math.min(least, y), Infinity);
  return centre.map((y) => Math.round(y - top));
}
