import { memo } from "react";
import type { Task } from "@/api/domain";
import type { PlacedBlock } from "@/dag/layout";
import { cx } from "@/lib/cx";
import { formatNumber } from "@/lib/format";
import { Duration } from "@/ui/Age";
import { STATUS } from "@/ui/status";

export interface BlockState {
  focused: boolean;
  selected: boolean;
  dimmed: boolean;
}

/** Border and outline that every block shares. */
export function blockClass({ focused, selected, dimmed }: BlockState, border: string): string {
  return cx(
    "absolute rounded-md border bg-surface text-left transition-[opacity,border-color] duration-150",
    border,
    selected && "outline-2 outline-accent",
    focused && !selected && "outline-2 outline-offset-2 outline-accent",
    dimmed && "opacity-40",
  );
}

const LOUD: Partial<Record<Task["status"], string>> = {
  running: "border-blue-400 dark:border-blue-600",
  failed: "border-red-400 dark:border-red-700",
  ready: "border-yellow-400 dark:border-yellow-700",
};

const borderOf = (task: Task): string =>
  cx(
    LOUD[task.status] ?? "border-line-strong hover:border-gray-400 dark:hover:border-gray-500",
    !task.required && "border-dashed",
  );

function StatusDisc({ task }: { task: Task }) {
  const { icon: Icon, chip } = STATUS[task.status];
  return (
    <span className={cx("flex size-7 shrink-0 items-center justify-center rounded-full border", chip)}>
      <Icon className="size-3.5" strokeWidth={2.5} aria-hidden />
    </span>
  );
}

function Progress({ value }: { value: number }) {
  return (
    <span className="absolute inset-x-3 bottom-0 h-0.5 overflow-hidden rounded-full bg-line">
      <span className={cx("block h-full", STATUS.running.heat)} style={{ width: `${value * 100}%` }} />
    </span>
  );
}

interface Props {
  block: PlacedBlock;
  task: Task;
  state: BlockState;
  /** How many a template has. */
  instances: number;
}

function Card({ block, task, state, instances }: Props) {
  const retries = task.attempt > 1 ? ` · ×${task.attempt}` : "";
  return (
    <div
      id={`block-${block.id}`}
      data-block={block.id}
      role="button"
      tabIndex={-1}
      aria-pressed={state.selected}
      aria-label={`${task.key}, ${STATUS[task.status].label}${task.required ? "" : ", optional"}`}
      className={blockClass(state, borderOf(task))}
      style={{ left: block.x, top: block.y, width: block.width, height: block.height }}
    >
      <div className="flex h-full items-center gap-2.5 px-3">
        <StatusDisc task={task} />
        <div className="flex min-w-0 flex-1 flex-col">
          <span className={cx("truncate text-sm font-medium", task.status === "skipped" && "text-muted")}>
            {task.key}
          </span>
          <span className="flex items-baseline gap-2 text-xs text-muted">
            <span className="truncate">
              {STATUS[task.status].label}
              {retries}
              {task.map && ` · map${instances > 0 ? ` of ${formatNumber(instances)}` : ""}`}
              {task.required ? "" : " · optional"}
            </span>
            {task.startedAt !== null && (
              <span className="ml-auto">
                <Duration span={task} />
              </span>
            )}
          </span>
        </div>
      </div>
      {task.status === "running" && task.progress !== null && <Progress value={task.progress} />}
    </div>
  );
}

export const TaskCard = memo(
  Card,
  (a, b) =>
    a.task === b.task &&
    a.block === b.block &&
    a.instances === b.instances &&
    a.state.focused === b.state.focused &&
    a.state.selected === b.state.selected &&
    a.state.dimmed === b.state.dimmed,
);
