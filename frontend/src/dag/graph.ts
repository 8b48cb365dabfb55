/** Dependency graph of a job by index, and the depth of each task (Kahn, linear). */

export interface DagTask {
  id: string;
  key: string;
  stage: string;
  engineId: string;
  dependencies: string[];
  required: boolean;
  /** Id of the template that this task is an instance of. */
  mappedFrom?: string | null;
}

/** Adjacency by index. A dependency that is not in the list is left out. */
export interface Graph {
  size: number;
  before: number[][];
  after: number[][];
}

export interface Depths {
  /** Longest distance from a root, −1 where a cycle keeps a task from being placed. */
  depth: Int32Array;
  /** Indices in topological order; those in or behind a cycle are missing. */
  order: number[];
  unplaceable: number[];
}

export const emptyGraph = (size: number): Graph => ({
  size,
  before: Array.from({ length: size }, () => []),
  after: Array.from({ length: size }, () => []),
});

/** Array access where the index is known to be in range. */
export function at<T>(items: ArrayLike<T>, index: number): T {
  return items[index] as T;
}

export function link(graph: Graph, from: number, to: number): void {
  at(graph.after, from).push(to);
  at(graph.before, to).push(from);
}

/** What a template needs its instances need too: once it has some, it hangs on them alone. */
export function buildGraph(tasks: readonly DagTask[]): Graph {
  const index = new Map(tasks.map((task, i) => [task.id, i]));
  const expanded = new Set(tasks.map(({ mappedFrom }) => mappedFrom));
  const graph = emptyGraph(tasks.length);
  tasks.forEach((task, to) => {
    for (const id of new Set(task.dependencies)) {
      const from = index.get(id);
      if (from === undefined) continue;
      if (!expanded.has(task.id) || at(tasks, from).mappedFrom === task.id) link(graph, from, to);
    }
  });
  return graph;
}

/** How many instances each template has, by its id. */
export function instanceCounts(tasks: readonly DagTask[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { mappedFrom } of tasks) {
    if (mappedFrom) counts.set(mappedFrom, (counts.get(mappedFrom) ?? 0) + 1);
  }
  return counts;
}

export function depthsOf(graph: Graph): Depths {
  const waiting = Int32Array.from(graph.before, (list) => list.length);
  const depth = new Int32Array(graph.size).fill(-1);
  const order: number[] = [];
  for (let i = 0; i < graph.size; i++) {
    if (waiting[i] === 0) {
      depth[i] = 0;
      order.push(i);
    }
  }
  // `order` grows while it is read: it is the queue.
  for (const from of order) {
    for (const to of at(graph.after, from)) {
      depth[to] = Math.max(at(depth, to), at(depth, from) + 1);
      waiting[to] = at(waiting, to) - 1;
      if (waiting[to] === 0) order.push(to);
    }
  }
  const unplaceable: number[] = [];
  for (let i = 0; i < graph.size; i++) {
    if (at(waiting, i) > 0) {
      depth[i] = -1;
      unplaceable.push(i);
    }
  }
  return { depth, order, unplaceable };
}
