/** The critical path: the chain of dependencies that took longest. */
import { at, depthsOf, type Graph } from "@/dag/graph";

/** Task indices from first to last; `cost` is each task's own time. */
export function criticalPath(graph: Graph, cost: (task: number) => number): number[] {
  const { order } = depthsOf(graph);
  const total = new Float64Array(graph.size);
  const via = new Int32Array(graph.size).fill(-1);
  let end = -1;
  for (const task of order) {
    for (const before of at(graph.before, task)) {
      if (via[task] === -1 || at(total, before) > at(total, at(via, task))) via[task] = before;
    }
    const from = at(via, task);
    total[task] = cost(task) + (from === -1 ? 0 : at(total, from));
    if (end === -1 || at(total, task) > at(total, end)) end = task;
  }
  const path: number[] = [];
  for (let task = end; task !== -1; task = at(via, task)) path.push(task);
  return path.reverse();
}
