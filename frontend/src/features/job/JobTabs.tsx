import { TASK_STATUSES, type JobDetail } from "@/api/domain";
import type { JobView } from "@/features/job/useJobView";
import { TABS, type Tab } from "@/features/job/useJobView";
import { cx } from "@/lib/cx";
import { formatNumber } from "@/lib/format";
import { STATUS } from "@/ui/status";
import { StatusIcon } from "@/ui/StatusChip";

const TITLES: Record<Tab, string> = {
  graph: "Graph",
  timeline: "Timeline",
  logs: "Logs",
  list: "List",
  events: "Events",
};

interface Props {
  job: JobDetail;
  view: JobView;
}

/** Tasks by status; a click lists them. */
function Counts({ job, view }: Props) {
  return (
    <div className="ml-auto flex items-center">
      {TASK_STATUSES.filter((status) => job.progress[status] > 0).map((status) => (
        <button
          key={status}
          type="button"
          title={`List what is ${STATUS[status].label.toLowerCase()}`}
          onClick={() => view.openList({ status })}
          className="flex h-7 items-center gap-1.5 rounded-sm px-2 text-sm text-body hover:bg-hover hover:text-ink"
        >
          <StatusIcon status={status} />
          {formatNumber(job.progress[status])}
          <span className="text-muted max-xl:sr-only">{STATUS[status].label.toLowerCase()}</span>
        </button>
      ))}
    </div>
  );
}

export function JobTabs({ job, view }: Props) {
  return (
    <div className="flex h-10 items-end gap-1 px-4">
      <nav aria-label="Views of the job" className="flex">
        {TABS.map((tab) => (
          <button
            key={tab}
            type="button"
            aria-current={view.tab === tab ? "page" : undefined}
            onClick={() => view.showTab(tab)}
            className={cx(
              "-mb-px flex h-9 items-center border-b-2 px-2.5 text-sm -outline-offset-2",
              view.tab === tab
                ? "border-ink font-medium text-ink"
                : "border-transparent text-muted hover:text-ink",
            )}
          >
            {TITLES[tab]}
          </button>
        ))}
      </nav>
      <div className="flex h-9 flex-1 items-center">
        <Counts job={job} view={view} />
      </div>
    </div>
  );
}
