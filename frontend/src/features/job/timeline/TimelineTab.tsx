/** Tasks over time: hatched while they wait, filled while they run. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef } from "react";
import type { Task } from "@/api/domain";
import { axisOf, spansOf, type Axis, type Span } from "@/features/job/timeline/spans";
import type { JobView } from "@/features/job/useJobView";
import { cx } from "@/lib/cx";
import { formatCount } from "@/lib/format";
import { useNow } from "@/lib/ticker";
import { formatDuration } from "@/lib/time";
import { EmptyState } from "@/ui/States";
import { STATUS } from "@/ui/status";
import { StatusIcon } from "@/ui/StatusChip";

const ROW_PX = 32;
const NAMES = "grid-cols-[220px_minmax(0,1fr)_72px]";

const share = (at: number, { from, to }: Axis): string => `${((at - from) / (to - from)) * 100}%`;

function Bar({ span, axis }: { span: Span; axis: Axis }) {
  const { task, readyAt, startedAt, endAt } = span;
  const began = startedAt ?? endAt;
  return (
    <div className="relative h-full">
      {began > readyAt && (
        <span
          title={`waited ${formatDuration(began - readyAt)}`}
          className="hatch absolute top-2.5 h-3 rounded-[3px] border border-line-strong"
          style={{ left: share(readyAt, axis), right: `calc(100% - ${share(began, axis)})` }}
        />
      )}
      {startedAt !== null && (
        <span
          title={`${STATUS[task.status].label} · ${formatDuration(endAt - startedAt)}`}
          className={cx("absolute top-2 h-4 min-w-[3px] rounded-[3px]", STATUS[task.status].heat)}
          style={{ left: share(startedAt, axis), right: `calc(100% - ${share(endAt, axis)})` }}
        />
      )}
    </div>
  );
}

interface RowProps {
  span: Span;
  axis: Axis;
  selected: boolean;
  onOpen: () => void;
}

function Row({ span, axis, selected, onOpen }: RowProps) {
  const { task, readyAt, startedAt, endAt } = span;
  return (
    <button
      type="button"
      onClick={onOpen}
      aria-label={`${task.key}, ${STATUS[task.status].label}`}
      className={cx(
        "grid h-8 w-full items-center gap-4 px-4 text-left text-sm -outline-offset-2 hover:bg-hover",
        NAMES,
        selected && "bg-accent-soft",
      )}
    >
      <span className="flex min-w-0 items-center gap-2">
        <StatusIcon status={task.status} />
        <span className="truncate">{task.key}</span>
      </span>
      <Bar span={span} axis={axis} />
      <span className="word-tight text-right font-mono text-xs text-muted">
        {startedAt === null ? `+${formatDuration(endAt - readyAt)}` : formatDuration(endAt - startedAt)}
      </span>
    </button>
  );
}

function Ruler({ axis }: { axis: Axis }) {
  return (
    <div className={cx("sticky top-0 z-10 grid h-8 shrink-0 gap-4 border-b border-line bg-page px-4", NAMES)} aria-hidden>
      <span />
      <div className="relative">
        {axis.ticks.map((tick) => (
          <span
            key={tick}
            className="absolute top-0 flex h-8 items-center border-l border-line pl-1.5 word-tight font-mono text-2xs text-muted"
            style={{ left: share(axis.from + tick, axis) }}
          >
            {tick === 0 ? "0" : formatDuration(tick)}
          </span>
        ))}
      </div>
      <span />
    </div>
  );
}

function Rows({ tasks, view }: { tasks: Task[]; view: JobView }) {
  const now = useNow();
  const box = useRef<HTMLDivElement>(null);
  const spans = useMemo(() => spansOf(tasks, now), [tasks, now]);
  const axis = axisOf(spans);
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing it returns is memoised here
  const virtual = useVirtualizer({
    count: spans.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const waiting = tasks.length - spans.length;
  return (
    <div ref={box} tabIndex={0} role="region" aria-label="Timeline" className="min-h-0 flex-1 overflow-y-auto -outline-offset-2">
      <Ruler axis={axis} />
      <div className="relative" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const span = spans[item.index];
          return (
            <div key={item.key} className="absolute inset-x-0 top-0" style={{ transform: `translateY(${item.start}px)` }}>
              {span && (
                <Row
                  span={span}
                  axis={axis}
                  selected={span.task.id === view.taskId}
                  onOpen={() => view.openTask(span.task.id)}
                />
              )}
            </div>
          );
        })}
      </div>
      {waiting > 0 && (
        <p className="px-4 py-3 text-sm text-muted">
          {formatCount(waiting, "task")} not here: {waiting === 1 ? "it has" : "they have"} never become ready.
        </p>
      )}
    </div>
  );
}

export default function TimelineTab({ tasks, view }: { tasks: Task[]; view: JobView }) {
  if (tasks.every((task) => task.readyAt === null && task.startedAt === null)) {
    return (
      <EmptyState title="Nothing has become ready">
        <p>Each task has a bar here from the moment its dependencies are done.</p>
      </EmptyState>
    );
  }
  return <Rows tasks={tasks} view={view} />;
}
