import { lazy, Suspense, type ReactNode } from "react";
import type { JobDetail, Task } from "@/api/domain";
import { isStatus } from "@/api/errors";
import { useJob, useTasks } from "@/api/jobQueries";
import { useDetail } from "@/app/crumbs";
import { topicOf } from "@/live/topics";
import { useTopic } from "@/live/useTopic";
import { useShortcuts } from "@/app/shortcuts";
import { FailurePanel } from "@/features/job/FailurePanel";
import { GraphTab } from "@/features/job/graph/GraphTab";
import { JobHeader } from "@/features/job/JobHeader";
import { JobTabs } from "@/features/job/JobTabs";
import { TABS, useJobView, type JobView, type Tab } from "@/features/job/useJobView";
import { Loaded } from "@/ui/Loaded";
import { NotFound } from "@/ui/NotFound";
import { Skeleton, SkeletonRows } from "@/ui/Skeleton";

const CancelReceipt = lazy(() => import("@/features/job/CancelReceipt"));
const TaskDrawer = lazy(() => import("@/features/job/drawer/TaskDrawer"));
const EventsTab = lazy(() => import("@/features/job/events/EventsTab"));
const ListTab = lazy(() => import("@/features/job/list/ListTab"));
const LogsTab = lazy(() => import("@/features/job/logs/LogsTab"));
const TimelineTab = lazy(() => import("@/features/job/timeline/TimelineTab"));

function HeadSkeleton() {
  return (
    <div className="flex animate-appear flex-col gap-3 p-6" aria-hidden>
      <Skeleton className="h-7 w-72" />
      <Skeleton className="h-4 w-96" />
      <Skeleton className="h-8 w-full" />
    </div>
  );
}



interface ContentProps {
  job: JobDetail;
  tasks: Task[];
  view: JobView;
}

/** `[` and `]` go through the failed tasks, the digits through the tabs. */
function useJobShortcuts({ tasks, view }: Pick<ContentProps, "tasks" | "view">): void {
  const failed = tasks.filter((task) => task.status === "failed");
  const go = (by: number) => {
    const from = failed.findIndex((task) => task.id === view.taskId);
    const next = failed.at(from === -1 && by < 0 ? -1 : (from + by) % failed.length);
    if (next) view.openTask(next.id);
  };
  useShortcuts({
    ...Object.fromEntries(TABS.map((tab, i) => [String(i + 1), () => view.showTab(tab)])),
    "[": () => go(-1),
    "]": () => go(1),
  });
}

function Content({ job, tasks, view }: ContentProps) {
  useJobShortcuts({ tasks, view });
  const bodies: Record<Tab, () => ReactNode> = {
    graph: () => <GraphTab tasks={tasks} view={view} />,
    timeline: () => <TimelineTab tasks={tasks} view={view} />,
    logs: () => <LogsTab job={job} tasks={tasks} />,
    list: () => <ListTab tasks={tasks} view={view} />,
    events: () => <EventsTab job={job} tasks={tasks} />,
  };
  return (
    <>
      <FailurePanel job={job} tasks={tasks} view={view} />
      <JobTabs job={job} view={view} />
      <div className="flex min-h-[420px] flex-1 border-t border-line">
        <div className="flex min-w-0 flex-1 flex-col"><Suspense>{bodies[view.tab]()}</Suspense></div>
        <Suspense>
          {view.taskId && (
            <TaskDrawer
              key={view.taskId}
              job={job}
              taskId={view.taskId}
              tasks={tasks}
              openTask={view.openTask}
            />
          )}
        </Suspense>
      </div>
    </>
  );
}

export default function JobPage() {
  const { id } = useJobView(undefined);
  const job = useJob(id);
  const tasks = useTasks(id);
  const view = useJobView(job.data?.progress.total);
  useTopic(job.data && tasks.data ? topicOf.job(id) : null, { kind: "job", jobId: id });
  useDetail(job.data?.name ?? null);
  if (isStatus(job.error, 404)) return <NotFound what="job" to="/jobs" back="Back to the jobs" />;
  return (
    <div className="flex min-h-full flex-col lg:h-full">
      <Loaded query={job} what="the job" skeleton={<HeadSkeleton />}>
        {(detail) => (
          <>
            <JobHeader job={detail} />
            <Suspense>
              {detail.cancel && <CancelReceipt job={detail} receipt={detail.cancel} />}
            </Suspense>
            <Loaded query={tasks} what="the tasks" skeleton={<SkeletonRows rows={6} />}>
              {(data) => <Content job={detail} tasks={data.tasks} view={view} />}
            </Loaded>
          </>
        )}
      </Loaded>
    </div>
  );
}

