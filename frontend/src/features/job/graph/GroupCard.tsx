/** Many tasks as one block: a group with its heat grid, or a long straight run. */
import { Layers, ListEnd } from "lucide-react";
import { useEffect, useRef, useSyncExternalStore, type MouseEvent } from "react";
import type { Task } from "@/api/domain";
import { drawHeat } from "@/dag/draw";
import { at } from "@/dag/graph";
import type { PlacedBlock } from "@/dag/layout";
import { cellAt, heatGrid, PITCH } from "@/dag/size";
import type { Counts, StatusStore } from "@/dag/statuses";
import { prepare } from "@/features/job/graph/canvas";
import { useColours } from "@/features/job/graph/colours";
import { blockClass, type BlockState } from "@/features/job/graph/TaskCard";
import { formatNumber } from "@/lib/format";
import { percent, ProgressBar, settled } from "@/ui/ProgressBar";
import { STATUS } from "@/ui/status";

interface Props {
  block: PlacedBlock;
  tasks: Task[];
  statuses: StatusStore;
  state: BlockState;
}

function useCounts(block: PlacedBlock, statuses: StatusStore): Counts & { total: number } {
  useSyncExternalStore(statuses.subscribe, statuses.getVersion);
  return { ...statuses.counts(block.members), total: block.members.length };
}

function countWords(counts: Counts & { total: number }): string {
  const failed = counts.failed > 0 ? ` · ${formatNumber(counts.failed)} failed` : "";
  return `${formatNumber(settled(counts))} / ${formatNumber(counts.total)}${failed}`;
}

function Heat({ block, tasks, statuses }: Omit<Props, "state">) {
  const ref = useRef<HTMLCanvasElement>(null);
  const colours = useColours();
  const { members } = block;
  const grid = heatGrid(members.length);
  const size = { width: grid.perRow * PITCH, height: grid.rows * PITCH };
  useEffect(() => {
    const draw = () => {
      const context = ref.current && prepare(ref.current, size.width, size.height);
      if (context) drawHeat(context, members.map((task) => statuses.get(task)), colours);
    };
    draw();
    return statuses.subscribe(draw);
  }, [members, statuses, colours, size.width, size.height]);
  const onMove = (event: MouseEvent<HTMLCanvasElement>) => {
    const canvas = event.currentTarget;
    const scale = size.width / canvas.getBoundingClientRect().width;
    const { offsetX, offsetY } = event.nativeEvent;
    const cell = cellAt(grid, members.length, offsetX, offsetY);
    const task = cell === null || scale === 0 ? undefined : tasks[at(members, cell)];
    canvas.title = task ? `${task.key} · ${STATUS[task.status].label}` : "";
    canvas.dataset.task = task?.id ?? "";
  };
  return <canvas ref={ref} aria-hidden onMouseMove={onMove} style={size} className="absolute bottom-2 left-3" />;
}

export function GroupCard({ block, tasks, statuses, state }: Props) {
  const counts = useCounts(block, statuses);
  const first = at(tasks, at(block.members, 0));
  return (
    <div
      id={`block-${block.id}`}
      data-block={block.id}
      role="button"
      tabIndex={-1}
      aria-label={`Group ${first.stage}, ${first.engineId}: ${countWords(counts)}`}
      className={blockClass(state, counts.failed > 0 ? "border-red-400 dark:border-red-700" : "border-line-strong")}
      style={{ left: block.x, top: block.y, width: block.width, height: block.height }}
    >
      <div className="flex flex-col gap-1.5 px-3 pt-2.5">
        <span className="flex items-center gap-2 text-sm font-medium">
          <Layers className="size-3.5 shrink-0 text-muted" aria-hidden />
          <span className="truncate">{first.stage}</span>
          <span className="ml-auto truncate font-mono text-2xs font-normal text-muted">{first.engineId}</span>
        </span>
        <span className="text-xs text-muted">{countWords(counts)}</span>
        <ProgressBar progress={counts} />
      </div>
      <Heat block={block} tasks={tasks} statuses={statuses} />
    </div>
  );
}

export function RunCard({ block, tasks, statuses, state }: Props) {
  const counts = useCounts(block, statuses);
  const first = at(tasks, at(block.members, 0));
  const last = at(tasks, at(block.members, block.members.length - 1));
  return (
    <div
      id={`block-${block.id}`}
      data-block={block.id}
      role="button"
      tabIndex={-1}
      aria-label={`${counts.total} steps from ${first.key} to ${last.key}: ${countWords(counts)}`}
      className={blockClass(state, "border-line-strong")}
      style={{ left: block.x, top: block.y, width: block.width, height: block.height }}
    >
      <div className="flex h-full flex-col justify-center gap-1 px-3">
        <span className="flex items-center gap-2 text-sm font-medium whitespace-nowrap">
          <ListEnd className="size-3.5 text-muted" aria-hidden />
          {formatNumber(counts.total)} steps
          <span className="ml-auto text-xs font-normal text-muted">{percent(counts)} %</span>
        </span>
        <ProgressBar progress={counts} />
      </div>
    </div>
  );
}
