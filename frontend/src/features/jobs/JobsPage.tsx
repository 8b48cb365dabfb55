import { ChevronLeft, ChevronRight } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import type { JobPage } from "@/api/domain";
import type { JobFilters } from "@/api/endpoints";
import { useJobs } from "@/api/queries";
import { useShortcuts } from "@/app/shortcuts";
import { useKeptNavigate, useTenant } from "@/app/tenant";
import { FirstSteps } from "@/features/jobs/FirstSteps";
import { countWords, filtersOf, isFiltered, PAGE_SIZE } from "@/features/jobs/filters";
import { JobsFilterBar } from "@/features/jobs/JobsFilterBar";
import { jobPath, JobTable } from "@/features/jobs/JobTable";
import { pin } from "@/features/jobs/pinned";
import { isEmpty } from "@/features/jobs/selection";
import { useSelection } from "@/features/jobs/useSelection";
import { formatCount } from "@/lib/format";
import { useUrl, type Changes } from "@/lib/url";
import { Button } from "@/ui/Button";
import { Loaded } from "@/ui/Loaded";
import { PageTitle } from "@/ui/Panel";
import { SkeletonRows } from "@/ui/Skeleton";
import { EmptyState } from "@/ui/States";

const BulkBar = lazy(() => import("@/features/jobs/BulkBar"));
const BulkPanel = lazy(() => import("@/features/jobs/BulkPanel"));

/** The newest row of the view as it was opened; a changed filter opens a new view. */
function usePin(page: JobPage, view: string, refetch: () => Promise<unknown>) {
  const [anchor, setAnchor] = useState<{ view: string; id: string | null }>({ view, id: null });
  const newest = page.jobs[0]?.id ?? null;
  if (anchor.view !== view || (anchor.id === null && newest !== null)) {
    setAnchor({ view, id: newest });
  }
  const { rows, waiting } = pin(page.jobs, anchor.view === view ? anchor.id : null);
  const release = async () => {
    if (page.newer.length > 0) await refetch();
    setAnchor({ view, id: null });
    document.getElementById("main")?.scrollTo({ top: 0 });
  };
  return { rows, waiting: waiting + page.newer.length, release };
}

interface PagesProps {
  page: JobPage;
  filters: JobFilters;
  change: (changes: Changes) => void;
}

interface RowsProps extends PagesProps {
  refetch: () => Promise<unknown>;
}

function Pages({ page, filters, change }: PagesProps) {
  const { offset } = filters;
  const count = countWords(page.count && page.count + page.newer.length, page.countCapped);
  const to = (next: number) => change({ offset: next > 0 ? String(next) : null });
  return (
    <div className="flex items-center gap-2 text-sm text-muted">
      <span>
        {offset + 1}–{offset + page.jobs.length}
        {count !== null && ` of ${count}`}
      </span>
      <div className="ml-auto flex gap-2">
        <Button disabled={offset === 0} onClick={() => to(offset - PAGE_SIZE)}>
          <ChevronLeft aria-hidden /> Newer
        </Button>
        <Button disabled={!page.hasNext} onClick={() => to(offset + PAGE_SIZE)}>
          Older <ChevronRight aria-hidden />
        </Button>
      </div>
    </div>
  );
}

function NoJobs({ filtered }: { filtered: boolean }) {
  if (!filtered) return <FirstSteps />;
  return (
    <EmptyState title="No job matches">
      <p>Other filters may: name and id are matched from their beginning.</p>
    </EmptyState>
  );
}

function Rows({ page, filters, change, refetch }: RowsProps) {
  const tenant = useTenant();
  const go = useKeptNavigate();
  const [active, setActive] = useState(-1);
  const pinned = usePin(page, JSON.stringify([tenant, filters]), refetch);
  const { rows, waiting } = filters.offset === 0 ? pinned : { rows: page.jobs, waiting: 0 };
  const view = JSON.stringify([tenant, { ...filters, offset: 0 }]);
  const choosing = useSelection(view, rows.map(({ id }) => id));
  const move = (by: number) => setActive((i) => Math.min(Math.max(i + by, 0), rows.length - 1));
  useShortcuts({
    j: () => move(1),
    k: () => move(-1),
    x: () => {
      const job = rows[active];
      if (job) choosing.toggle(job.id, false);
    },
    Enter: () => {
      const job = rows[active];
      if (job) go(jobPath(job.id));
    },
  });
  if (page.jobs.length === 0) {
    return (
      <div className="rounded-md border border-line bg-surface">
        <NoJobs filtered={isFiltered(filters) || filters.offset > 0} />
      </div>
    );
  }
  return (
    <>
      <Suspense>
        {!isEmpty(choosing.chosen) && (
          <BulkBar
            choosing={choosing}
            page={page}
            filters={filters}
            onStarted={(id) => change({ bulk: id })}
          />
        )}
      </Suspense>
      <div className="overflow-x-auto rounded-md border border-line bg-surface">
        {waiting > 0 && (
          <button
            type="button"
            onClick={() => void pinned.release()}
            className="flex h-9 w-full items-center justify-center border-b border-line bg-accent-soft text-sm font-medium text-accent -outline-offset-2 hover:underline"
          >
            {formatCount(waiting, "new job")}
          </button>
        )}
        <JobTable jobs={rows} active={active} choosing={choosing} />
      </div>
      <Pages page={page} filters={filters} change={change} />
    </>
  );
}

export default function JobsPage() {
  const [search, change] = useUrl();
  const filters = filtersOf(search);
  const jobs = useJobs(filters);
  const bulk = search.get("bulk");
  return (
    <div className="flex flex-col gap-4 p-6">
      <PageTitle title="Jobs" />
      <JobsFilterBar filters={filters} change={change} />
      <Suspense>
        {bulk && <BulkPanel key={bulk} id={bulk} onClose={() => change({ bulk: null })} />}
      </Suspense>
      <Loaded query={jobs} what="the jobs" skeleton={<SkeletonRows rows={12} />}>
        {(page) => <Rows page={page} filters={filters} change={change} refetch={jobs.refetch} />}
      </Loaded>
    </div>
  );
}
