import type { Dashboard } from "@/api/domain";
import { useDashboard } from "@/api/queries";
import { KeptLink } from "@/app/tenant";
import { Attention } from "@/features/dashboard/Attention";
import { EngineLoad } from "@/features/dashboard/EngineLoad";
import { Slots } from "@/features/dashboard/Slots";
import { Stats } from "@/features/dashboard/Stats";
import { FirstSteps } from "@/features/jobs/FirstSteps";
import { JobTable } from "@/features/jobs/JobTable";
import { Loaded } from "@/ui/Loaded";
import { PageTitle, Panel } from "@/ui/Panel";
import { Skeleton } from "@/ui/Skeleton";

function DashboardSkeleton() {
  return (
    <div className="flex animate-appear flex-col gap-5" aria-hidden>
      <Skeleton className="h-5 w-56" />
      <Skeleton className="h-32 w-full" />
      <div className="grid gap-5 xl:grid-cols-[1fr_400px]">
        <Skeleton className="h-64" />
        <Skeleton className="h-64" />
      </div>
    </div>
  );
}

function Content({ dashboard }: { dashboard: Dashboard }) {
  const { recentJobs, realtime } = dashboard;
  return (
    <>
      <Attention status={dashboard.status} reasons={dashboard.reasons} />
      <Stats dashboard={dashboard} />
      <div className="grid items-start gap-5 xl:grid-cols-[minmax(0,1fr)_420px]">
        <div className="flex flex-col gap-5">
        <Panel
          title="Recent jobs"
          aside={
            <KeptLink to="/jobs" className="rounded-sm hover:text-ink">
              All jobs
            </KeptLink>
          }
        >
          {recentJobs.length === 0 ? <FirstSteps /> : <JobTable jobs={recentJobs} compact />}
        </Panel>
        {realtime && <Slots models={realtime.models} />}
        </div>
        <EngineLoad />
      </div>
    </>
  );
}

export default function DashboardPage() {
  const dashboard = useDashboard();
  return (
    <div className="mx-auto flex max-w-[1440px] flex-col gap-5 p-6">
      <PageTitle title="Dashboard" />
      <Loaded query={dashboard} what="the dashboard" skeleton={<DashboardSkeleton />}>
        {(data) => <Content dashboard={data} />}
      </Loaded>
    </div>
  );
}
