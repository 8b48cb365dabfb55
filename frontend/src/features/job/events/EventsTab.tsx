/** The job's own history, newest first. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import type { JobDetail, JobEvent, Task } from "@/api/domain";
import { useEvents } from "@/api/streams";
import { formatCount, shortId } from "@/lib/format";
import { formatAbsolute, formatClockMs } from "@/lib/time";
import { Loaded } from "@/ui/Loaded";
import { SkeletonRows } from "@/ui/Skeleton";
import { EmptyState } from "@/ui/States";
import { isStatusName, STATUS } from "@/ui/status";
import { StatusIcon } from "@/ui/StatusChip";

const ROW_PX = 36;
const KEYS_MAX = 3;

/** `decode, vad, diarize and 12 more`. */
function taskWords(event: JobEvent, keyOf: Map<string, string>): string {
  const ids = [...new Set(event.tasks.map(({ id }) => id))];
  const names = ids.slice(0, KEYS_MAX).map((id) => keyOf.get(id) ?? shortId(id));
  const more = ids.length - names.length;
  return names.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function ChangedTo({ event }: { event: JobEvent }) {
  const statuses = new Set([event.job.status, ...event.tasks.map(({ status }) => status)]);
  return [...statuses].filter(isStatusName).map((status) => (
    <span key={status} className="flex items-center gap-1.5">
      <StatusIcon status={status} /> {STATUS[status].label}
    </span>
  ));
}

function Row({ event, keyOf }: { event: JobEvent; keyOf: Map<string, string> }) {
  return (
    <div className="grid h-9 grid-cols-[56px_180px_minmax(0,1fr)_minmax(0,1fr)_140px_100px] items-center gap-3 border-b border-line px-4 text-sm hover:bg-hover">
      <span className="font-mono text-xs text-muted">{event.seq}</span>
      <span className="truncate font-mono text-xs">{event.type}</span>
      <span className="truncate text-body">{taskWords(event, keyOf)}</span>
      <span className="flex gap-2">
        <ChangedTo event={event} />
      </span>
      <span className="truncate text-right text-muted">{event.actor}</span>
      <time className="text-right font-mono text-xs text-muted" title={formatAbsolute(event.at)}>
        {formatClockMs(event.at)}
      </time>
    </div>
  );
}

function EventList({ events, tasks }: { events: JobEvent[]; tasks: Task[] }) {
  const box = useRef<HTMLDivElement>(null);
  const keyOf = new Map(tasks.map((task) => [task.id, task.key]));
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing it returns is memoised here
  const virtual = useVirtualizer({
    count: events.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  return (
    <div ref={box} tabIndex={0} aria-label={formatCount(events.length, "event")} role="region" className="min-h-0 flex-1 overflow-auto bg-surface -outline-offset-2">
      <div className="relative min-w-[760px]" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const event = events[events.length - 1 - item.index];
          return (
            <div key={item.key} className="absolute inset-x-0 top-0" style={{ transform: `translateY(${item.start}px)` }}>
              {event && <Row event={event} keyOf={keyOf} />}
            </div>
          );
        })}
      </div>
    </div>
  );
}

export default function EventsTab({ job, tasks }: { job: JobDetail; tasks: Task[] }) {
  const events = useEvents(job.id);
  return (
    <Loaded query={events} what="the events" skeleton={<SkeletonRows rows={8} />}>
      {({ items }) =>
        items.length === 0 ? (
          <EmptyState title="No events">
            <p>Each change of the job and its tasks is recorded here, with who made it.</p>
          </EmptyState>
        ) : (
          <EventList events={items} tasks={tasks} />
        )
      }
    </Loaded>
  );
}
