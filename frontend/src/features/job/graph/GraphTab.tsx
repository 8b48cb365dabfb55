/** The DAG board: depth columns of blocks over a canvas of edges. */
import { useEffect, useMemo, useRef, useState, type MouseEvent } from "react";
import type { Task } from "@/api/domain";
import { OPEN_MAX } from "@/dag/fold";
import { at, instanceCounts } from "@/dag/graph";
import { useShortcuts } from "@/app/shortcuts";
import type { JobView } from "@/features/job/useJobView";
import { boardKeys } from "@/features/job/graph/boardKeys";
import { BoardHeads } from "@/features/job/graph/BoardHeads";
import { BoardTools } from "@/features/job/graph/BoardTools";
import { EdgeCanvas } from "@/features/job/graph/EdgeCanvas";
import { GroupCard, RunCard } from "@/features/job/graph/GroupCard";
import { Minimap } from "@/features/job/graph/Minimap";
import { TaskCard } from "@/features/job/graph/TaskCard";
import { useBoard, type Board } from "@/features/job/graph/useBoard";
import { useCriticalPath } from "@/features/job/graph/useCriticalPath";
import { usePort } from "@/features/job/graph/usePort";

interface Props {
  tasks: Task[];
  view: JobView;
}

function useActivate(board: Board, { tasks, view }: Props): (block: number) => void {
  return (index) => {
    const block = at(board.layout.blocks, index);
    const first = at(tasks, at(block.members, 0));
    if (block.kind === "task") view.openTask(first.id);
    else if (block.members.length <= OPEN_MAX) board.toggle(block.id, true);
    else view.openList(block.kind === "group" ? { stage: first.stage, engine: first.engineId } : {});
  };
}

/** Index of the block in focus, kept by id so that folding does not move it. */
function useFocus(board: Board): [number, (block: number) => void] {
  const [id, setId] = useState<string | null>(null);
  const { layout, camera } = board;
  const focus = (block: number) => {
    setId(at(layout.blocks, block).id);
    camera.reveal(at(layout.blocks, block));
  };
  return [id === null ? -1 : layout.blocks.findIndex((block) => block.id === id), focus];
}

/** Brings the open task into sight, also when the drawer takes its place. */
function useRevealSelected({ layout, camera }: Board, taskId: string | null): void {
  useEffect(() => {
    camera.keep(layout.blocks.find((block) => block.id === taskId) ?? null);
  }, [layout, camera, taskId]);
}

function useFindRunning(board: Board, tasks: Task[], focus: number, setFocus: (block: number) => void) {
  const running = board.layout.blocks.flatMap((block, i) =>
    block.members.some((task) => tasks[task]?.status === "running") ? [i] : [],
  );
  const find = () => setFocus(running.find((block) => block > focus) ?? at(running, 0));
  return running.length > 0 ? find : null;
}

interface BlocksProps extends Props {
  board: Board;
  focus: number;
  onPath: ReadonlySet<number>;
}

function Blocks({ board, tasks, view, focus, onPath }: BlocksProps) {
  const { layout, statuses, visible } = board;
  const instances = useMemo(() => instanceCounts(tasks), [tasks]);
  return visible.map((i) => {
    const block = at(layout.blocks, i);
    const task = at(tasks, at(block.members, 0));
    const state = {
      focused: i === focus,
      selected: block.kind === "task" && task.id === view.taskId,
      dimmed: onPath.size > 0 && !onPath.has(i),
    };
    if (block.kind === "task") {
      const count = instances.get(task.id) ?? 0;
      return <TaskCard key={block.id} block={block} task={task} state={state} instances={count} />;
    }
    const Card = block.kind === "group" ? GroupCard : RunCard;
    return <Card key={block.id} block={block} tasks={tasks} statuses={statuses} state={state} />;
  });
}

const blockIdOf = (event: MouseEvent): string | undefined =>
  (event.target as Element).closest<HTMLElement>("[data-block]")?.dataset.block;

export function GraphTab({ tasks, view }: Props) {
  const port = useRef<HTMLDivElement>(null);
  const world = useRef<HTMLDivElement>(null);
  const heads = useRef<HTMLDivElement>(null);
  const board = useBoard(tasks);
  const { layout, camera } = board;
  const [focus, setFocus] = useFocus(board);
  const [hovered, setHovered] = useState<string | null>(null);
  const [critical, setCritical] = useState(false);
  const path = useCriticalPath(tasks, layout, critical);
  const activate = useActivate(board, { tasks, view });
  const find = useFindRunning(board, tasks, focus, setFocus);
  usePort(port, { world, heads }, camera);
  useRevealSelected(board, view.taskId);
  useShortcuts({ "0": () => camera.fit(), f: () => find?.() });
  const lit = useMemo(() => {
    const wanted = hovered ?? view.taskId;
    const index = layout.blocks.findIndex((block) => block.id === wanted);
    return new Set(index === -1 ? [] : [index]);
  }, [layout, hovered, view.taskId]);
  const onClick = (event: MouseEvent) => {
    const cell = (event.target as HTMLElement).dataset.task;
    const id = blockIdOf(event);
    if (cell) view.openTask(cell);
    else if (id) activate(layout.blocks.findIndex((block) => block.id === id));
  };
  return (
    <div className="relative flex flex-1">
      <div
        ref={port}
        role="application"
        aria-roledescription="dependency graph"
        aria-label={`Dependency graph of ${tasks.length} tasks. Arrow keys follow the dependencies, Enter opens. The list view holds the same.`}
        aria-activedescendant={focus === -1 ? undefined : `block-${at(layout.blocks, focus).id}`}
        tabIndex={0}
        onKeyDown={boardKeys({ layout, focus, onFocus: setFocus, onEnter: activate })}
        onClick={onClick}
        onMouseOver={(event) => setHovered(blockIdOf(event) ?? null)}
        onMouseLeave={() => setHovered(null)}
        className="relative flex-1 touch-none overflow-hidden bg-page -outline-offset-2 select-none"
      >
        <EdgeCanvas board={board} lit={lit} path={path.edges} />
        <div ref={world} className="absolute top-0 left-0 origin-top-left">
          <Blocks board={board} tasks={tasks} view={view} focus={focus} onPath={path.blocks} />
        </div>
        <BoardHeads ref={heads} board={board} />
      </div>
      <BoardTools camera={camera} onFind={find} critical={critical} onCritical={() => setCritical(!critical)} />
      <Minimap board={board} />
    </div>
  );
}
