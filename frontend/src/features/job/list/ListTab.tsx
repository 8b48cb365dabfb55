/** Every task as a row: the screen reader's equal of the board. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import { TASK_STATUSES, type Task } from "@/api/domain";
import { useShortcuts } from "@/app/shortcuts";
import { TaskRow } from "@/features/job/list/TaskRow";
import { listed, listViewOf, type ListView, type Sort } from "@/features/job/list/listView";
import type { JobView } from "@/features/job/useJobView";
import { cx } from "@/lib/cx";
import { formatCount } from "@/lib/format";
import { useUrl, type Changes } from "@/lib/url";
import { Button } from "@/ui/Button";
import { INPUT, SearchField } from "@/ui/Field";
import { EmptyState } from "@/ui/States";
import { STATUS } from "@/ui/status";

const ROW_PX = 32;

const COLUMNS: { sort: Sort; title: string; right?: boolean; wide?: boolean }[] = [
  { sort: "key", title: "Task", wide: true },
  { sort: "stage", title: "Stage" },
  { sort: "engine", title: "Engine" },
  { sort: "status", title: "Status" },
  { sort: "attempt", title: "Attempt", right: true },
  { sort: "wait", title: "Wait", right: true },
  { sort: "duration", title: "Duration", right: true },
  { sort: "started", title: "Started", right: true },
];

interface BarProps {
  view: ListView;
  tasks: Task[];
  count: number;
  change: (changes: Changes) => void;
}

function Filters({ view, tasks, count, change }: BarProps) {
  const choices = {
    status: TASK_STATUSES.map((status) => [status, STATUS[status].label] as const),
    stage: [...new Set(tasks.map(({ stage }) => stage))].map((stage) => [stage, stage] as const),
    engine: [...new Set(tasks.map(({ engineId }) => engineId))].map((id) => [id, id] as const),
  };
  const on = view.q || view.status || view.stage || view.engine;
  return (
    <div className="flex h-12 shrink-0 items-center gap-2 border-b border-line px-4">
      <SearchField
        className="max-w-56 flex-1"
        aria-label="Task key contains"
        placeholder="Key contains…"
        value={view.q}
        onChange={(event) => change({ find: event.target.value })}
        onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
      />
      {(["status", "stage", "engine"] as const).map((name) => (
        <select
          key={name}
          aria-label={name}
          value={view[name]}
          onChange={(event) => change({ [name]: event.target.value })}
          className={cx(INPUT, "w-32")}
        >
          <option value="">Any {name}</option>
          {choices[name].map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      ))}
      {on && (
        <Button tone="ghost" onClick={() => change({ find: null, status: null, stage: null, engine: null })}>
          Clear
        </Button>
      )}
      <span className="ml-auto text-sm whitespace-nowrap text-muted">{formatCount(count, "task")}</span>
    </div>
  );
}

function Head({ view, change }: Pick<BarProps, "view" | "change">) {
  const next = (sort: Sort): string | null => {
    if (view.sort !== sort) return sort;
    return view.descending ? null : `-${sort}`;
  };
  const order = (sort: Sort) => (view.sort === sort ? (view.descending ? "descending" : "ascending") : undefined);
  return (
    <thead className="sticky top-0 z-10 bg-page">
      <tr>
        {COLUMNS.map(({ sort, title, right, wide }) => (
          <th
            key={sort}
            aria-sort={order(sort)}
            className={cx(
              "h-8 border-b border-line px-3 text-xs font-normal text-muted first:pl-4 last:pr-4",
              right ? "text-right" : "text-left",
              wide && "w-full",
            )}
          >
            <button type="button" onClick={() => change({ sort: next(sort) })} className="rounded-sm whitespace-nowrap hover:text-ink">
              {title}
              {view.sort === sort && (view.descending ? " ↓" : " ↑")}
            </button>
          </th>
        ))}
      </tr>
    </thead>
  );
}

function useRowKeys(rows: Task[], open: (taskId: string) => void) {
  const [active, setActive] = useState(-1);
  const move = (by: number) => setActive((i) => Math.min(Math.max(i + by, 0), rows.length - 1));
  useShortcuts({
    j: () => move(1),
    k: () => move(-1),
    Enter: () => {
      const task = rows[active];
      if (task) open(task.id);
    },
  });
  return active;
}

export default function ListTab({ tasks, view }: { tasks: Task[]; view: JobView }) {
  const [search, change] = useUrl();
  const box = useRef<HTMLDivElement>(null);
  const list = listViewOf(search);
  const rows = useMemo(() => listed(tasks, listViewOf(search)), [tasks, search]);
  const active = useRowKeys(rows, view.openTask);
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing it returns is memoised here
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 20,
  });
  const shown = virtual.getVirtualItems();
  const above = shown[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (shown.at(-1)?.end ?? 0);
  return (
    <>
      <Filters view={list} tasks={tasks} count={rows.length} change={change} />
      <div ref={box} className="min-h-0 flex-1 overflow-auto bg-surface">
        <table className="w-full border-separate border-spacing-0 text-sm" aria-rowcount={rows.length + 1}>
          <Head view={list} change={change} />
          <tbody>
            {above > 0 && <tr aria-hidden style={{ height: above }} />}
            {shown.map(({ index }) => {
              const task = rows[index];
              return (
                task && (
                  <TaskRow
                    key={task.id}
                    task={task}
                    index={index}
                    selected={task.id === view.taskId || index === active}
                    onOpen={() => view.openTask(task.id)}
                  />
                )
              );
            })}
            {below > 0 && <tr aria-hidden style={{ height: below }} />}
          </tbody>
        </table>
        {rows.length === 0 && (
          <EmptyState title="No task matches">
            <p>All {tasks.length} tasks are here again once the filters are cleared.</p>
          </EmptyState>
        )}
      </div>
    </>
  );
}
