/** Tasks to blocks: single tasks, runs, and groups of one (stage, engine) in crowded columns. */
import { at, depthsOf, emptyGraph, link, type DagTask, type Graph } from "@/dag/graph";
import { straightRuns } from "@/dag/runs";

export const COLUMN_MAX = 12;
export const GROUP_MIN = 6;
/** Larger groups open as a filtered list, not in place. */
export const OPEN_MAX = 50;

export interface Block {
  id: string;
  kind: "task" | "group" | "run";
  /** Task indices, in submission order. */
  members: number[];
  column: number;
}

export interface BlockEdge {
  from: number;
  to: number;
  /** Dependencies that this one line stands for. */
  count: number;
  /** Every dependency behind it may fail without stopping what follows. */
  optional: boolean;
}

export interface Folded {
  blocks: Block[];
  edges: BlockEdge[];
  columnCount: number;
  /** Index of the last column when it holds what cannot be placed, else null. */
  unplaceableColumn: number | null;
}

interface Units {
  members: number[][];
  /** Unit of each task. */
  of: Int32Array;
}

function unitsOf(graph: Graph, open: ReadonlySet<string>, tasks: readonly DagTask[]): Units {
  const of = new Int32Array(graph.size).fill(-1);
  const members: number[][] = [];
  const add = (unit: number[]) => {
    for (const task of unit) of[task] = members.length;
    members.push(unit);
  };
  const runs = straightRuns(graph, depthsOf(graph));
  for (const run of runs) if (!open.has(`run:${at(tasks, at(run, 0)).id}`)) add(run);
  for (let task = 0; task < graph.size; task++) if (of[task] === -1) add([task]);
  return { members, of };
}

function unitGraph(graph: Graph, units: Units): Graph {
  const result = emptyGraph(units.members.length);
  graph.after.forEach((list, from) => {
    for (const to of list) {
      if (units.of[from] !== units.of[to]) link(result, at(units.of, from), at(units.of, to));
    }
  });
  return result;
}

const groupId = (task: DagTask, column: number) =>
  `group:${column}:${task.stage}:${task.engineId}`;

/** Single tasks of a column by their group. */
function groupsOf(units: number[][], column: number, tasks: readonly DagTask[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const [task, more] of units) {
    if (task === undefined || more !== undefined) continue;
    const id = groupId(at(tasks, task), column);
    const members = groups.get(id);
    if (members) members.push(task);
    else groups.set(id, [task]);
  }
  return groups;
}

function foldColumn(
  units: number[][],
  column: number,
  tasks: readonly DagTask[],
  open: ReadonlySet<string>,
): Block[] {
  const groups = units.length > COLUMN_MAX ? groupsOf(units, column, tasks) : new Map<string, number[]>();
  const isFolded = (id: string) => (groups.get(id)?.length ?? 0) >= GROUP_MIN && !open.has(id);
  const blocks: Block[] = [];
  const placed = new Set<string>();
  for (const members of units) {
    const first = at(tasks, at(members, 0));
    const id = groupId(first, column);
    if (members.length > 1) blocks.push({ id: `run:${first.id}`, kind: "run", members, column });
    else if (!isFolded(id)) blocks.push({ id: first.id, kind: "task", members, column });
    else if (!placed.has(id)) {
      placed.add(id);
      blocks.push({ id, kind: "group", members: groups.get(id) ?? members, column });
    }
  }
  return blocks;
}

function blockEdges(graph: Graph, blocks: Block[], tasks: readonly DagTask[]): BlockEdge[] {
  const blockOf = new Int32Array(graph.size);
  blocks.forEach((block, i) => {
    for (const task of block.members) blockOf[task] = i;
  });
  const edges = new Map<number, BlockEdge>();
  graph.after.forEach((list, source) => {
    const optional = !at(tasks, source).required;
    for (const target of list) {
      const from = at(blockOf, source);
      const to = at(blockOf, target);
      if (from === to) continue;
      const edge = edges.get(from * blocks.length + to);
      if (edge) {
        edge.count += 1;
        edge.optional &&= optional;
      } else edges.set(from * blocks.length + to, { from, to, count: 1, optional });
    }
  });
  return [...edges.values()];
}

/** `open` holds ids of groups and runs that are shown task by task. */
export function fold(tasks: readonly DagTask[], graph: Graph, open: ReadonlySet<string>): Folded {
  const units = unitsOf(graph, open, tasks);
  const { depth, unplaceable } = depthsOf(unitGraph(graph, units));
  const depthCount = depth.reduce((most, d) => Math.max(most, d + 1), 0);
  const columns: number[][][] = Array.from(
    { length: depthCount + (unplaceable.length > 0 ? 1 : 0) },
    () => [],
  );
  units.members
    .map((members, unit) => ({ members, column: depth[unit] === -1 ? depthCount : at(depth, unit) }))
    .sort((a, b) => at(a.members, 0) - at(b.members, 0))
    .forEach(({ members, column }) => at(columns, column).push(members));
  const blocks = columns.flatMap((column, i) => foldColumn(column, i, tasks, open));
  return {
    blocks,
    edges: blockEdges(graph, blocks, tasks),
    columnCount: columns.length,
    unplaceableColumn: unplaceable.length > 0 ? depthCount : null,
  };
}
