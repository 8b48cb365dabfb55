import { useMemo } from "react";
import type { Task } from "@/api/domain";
import { criticalPath } from "@/dag/critical";
import { at, buildGraph } from "@/dag/graph";
import type { Layout } from "@/dag/layout";

const NONE: { edges: ReadonlySet<string>; blocks: ReadonlySet<number> } = {
  edges: new Set(),
  blocks: new Set(),
};

/** Blocks of the longest chain so far, and its edges as `from:to`; empty while it is not asked for. */
export function useCriticalPath(tasks: Task[], layout: Layout, on: boolean) {
  return useMemo(() => {
    if (!on) return NONE;
    const blockOf = new Map(layout.blocks.flatMap((block, i) => block.members.map((task) => [task, i])));
    const path = criticalPath(buildGraph(tasks), (task) => at(tasks, task).durationMs ?? 0);
    const blocks = path.map((task) => blockOf.get(task) ?? -1);
    const edges = blocks.slice(1).map((to, i) => `${at(blocks, i)}:${to}`);
    return { edges: new Set(edges), blocks: new Set(blocks) };
  }, [tasks, layout, on]);
}
