/** Long straight runs: chains in narrow columns that fold into one "n steps" block. */
import { at, type Depths, type Graph } from "@/dag/graph";

export const RUN_MIN = 12;
/** In wider columns the chains are lanes of one picture; those columns fold into groups. */
const NARROW = 12;

function columnWidths(depths: Depths): Map<number, number> {
  const widths = new Map<number, number>();
  for (const depth of depths.depth) widths.set(depth, (widths.get(depth) ?? 0) + 1);
  return widths;
}

/** Runs of at least RUN_MIN tasks, each having the one before as its only dependency. */
export function straightRuns(graph: Graph, depths: Depths): number[][] {
  const widths = columnWidths(depths);
  const narrow = (task: number) => (widths.get(at(depths.depth, task)) ?? 0) <= NARROW;
  const next = (task: number): number | null => {
    const [to, ...others] = at(graph.after, task);
    if (to === undefined || others.length > 0) return null;
    return at(graph.before, to).length === 1 && narrow(to) ? to : null;
  };
  const seen = new Uint8Array(graph.size);
  const runs: number[][] = [];
  for (const start of depths.order) {
    if (seen[start] || !narrow(start)) continue;
    const run: number[] = [];
    for (let task: number | null = start; task !== null; task = next(task)) {
      seen[task] = 1;
      run.push(task);
    }
    if (run.length >= RUN_MIN) runs.push(run);
  }
  return runs;
}
