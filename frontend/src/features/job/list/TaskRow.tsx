import type { Task } from "@/api/domain";
import { cx } from "@/lib/cx";
import { formatDuration } from "@/lib/time";
import { Age, Duration } from "@/ui/Age";
import { StatusChip } from "@/ui/StatusChip";

interface Props {
  task: Task;
  index: number;
  selected: boolean;
  onOpen: () => void;
}

const CELL = "h-8 border-b border-line px-3 whitespace-nowrap first:pl-4 last:pr-4";

export function TaskRow({ task, index, selected, onOpen }: Props) {
  return (
    <tr
      aria-rowindex={index + 2}
      onClick={onOpen}
      className={cx("cursor-pointer hover:bg-hover", selected && "bg-accent-soft")}
    >
      <td className={`${CELL} max-w-0`}>
        <div className="flex items-center gap-2">
          <button type="button" className="truncate rounded-sm font-medium" onClick={onOpen}>
            {task.key}
          </button>
          {!task.required && <span className="rounded-[4px] border border-dashed border-line-strong px-1 text-2xs text-muted">optional</span>}
          {task.error && <span className="truncate text-xs text-danger">{task.error}</span>}
        </div>
      </td>
      <td className={`${CELL} text-body`}>{task.stage}</td>
      <td className={`${CELL} font-mono text-xs text-muted`}>{task.engineId}</td>
      <td className={CELL}>
        <StatusChip status={task.status} />
      </td>
      <td className={`${CELL} text-right word-tight font-mono text-xs`}>
        {task.attempt === 0 ? "–" : task.attempt}
      </td>
      <td className={`${CELL} text-right word-tight font-mono text-xs`}>
        {task.waitMs === null ? "–" : formatDuration(task.waitMs)}
      </td>
      <td className={`${CELL} text-right`}>
        <Duration span={task} />
      </td>
      <td className={`${CELL} text-right text-muted`}>
        {task.startedAt === null ? "–" : <Age at={task.startedAt} />}
      </td>
    </tr>
  );
}
